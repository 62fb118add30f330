import { createHash, generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
  rekorV2Handler,
  tsaHandler,
} from '@sigstore/mock'
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs'

type Handler = ReturnType<typeof fulcioHandler>
type Service = 'fulcio' | 'rekor' | 'rekor2' | 'tsa'

/** Sigstore's services on a port of this machine, as its own project imitates them, with what a client must trust. */
export interface SigstoreServices {
  readonly url: string
  readonly trustedRoot: string
  /** Bodies of all requests. */
  readonly requests: { readonly path: string; readonly body: string }[]
  /** Answers that go out before the real ones, one per request; "drop" ends the connection. */
  fail(service: Service, ...answers: readonly (number | 'drop')[]): void
  close(): Promise<void>
}

export async function startSigstore(): Promise<SigstoreServices> {
  const keyPair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const server = createServer()
  const url = await listening(server)
  // Whole seconds: the imitated timestamp authority drops zeros of fractions, which the verifying library cannot read.
  const clock = new Date(Math.floor(Date.now() / 1000) * 1000)
  const ctlog = await initializeCTLog(keyPair, clock)
  const ca = await initializeCA(keyPair, ctlog, clock)
  const tlog = await initializeTLog(url, keyPair, clock)
  const tsa = await initializeTSA(keyPair, clock)
  const handlers: Record<Service, Handler> = {
    fulcio: fulcioHandler(ca),
    rekor: rekorHandler(tlog),
    rekor2: rekorV2Handler(tlog),
    tsa: tsaHandler(tsa),
  }
  const failures = new Map<string, (number | 'drop')[]>()
  const requests: { path: string; body: string }[] = []
  server.on('request', async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const [path, body] = [request.url ?? '', Buffer.concat(chunks).toString()]
    requests.push({ path, body })
    const failure = failures.get(path)?.shift()
    const handler = Object.values(handlers).find((each) => each.path === path)
    if (failure === 'drop') return request.socket.destroy()
    if (failure !== undefined || handler === undefined) return response.writeHead(failure ?? 404).end()
    const answer = await handler.fn(path === handlers.rekor.path ? asLogged(body) : body)
    return response
      .writeHead(answer.statusCode, { 'content-type': answer.contentType ?? 'text/plain' })
      .end(answer.response)
  })
  const start = new Date(clock.getTime() - 60_000)
  const log = (logId: Buffer, rawBytes: Buffer) => ({
    baseUrl: url,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor: { start } },
    logId: { keyId: logId },
    checkpointKeyId: undefined,
    operator: '',
  })
  const authority = (...certificates: readonly ArrayBufferView<ArrayBuffer>[]) => ({
    subject: { organization: 'example', commonName: 'example' },
    uri: url,
    certChain: { certificates: certificates.map((each) => ({ rawBytes: asBuffer(each) })) },
    validFor: { start },
    operator: '',
  })
  const trustedRoot = TrustedRoot.toJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(createHash('sha256').update(tlog.publicKey).digest(), tlog.publicKey)],
    ctlogs: [log(asBuffer(ctlog.logID), ctlog.publicKey)],
    certificateAuthorities: [authority(ca.rootCertificate)],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  })
  return {
    url,
    trustedRoot: JSON.stringify(trustedRoot),
    requests,
    fail: (service, ...answers) => failures.set(handlers[service].path, [...answers]),
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

/** The imitation logs what is proposed; Rekor logs of an envelope only digests, signature and signer. */
function asLogged(body: string): string {
  const { kind, apiVersion, spec } = JSON.parse(body)
  if (kind !== 'dsse') return body
  const { envelope, verifiers } = spec.proposedContent
  const { payload, signatures } = JSON.parse(envelope)
  const hash = (data: string | Buffer) => ({
    algorithm: 'sha256',
    value: createHash('sha256').update(data).digest('hex'),
  })
  return JSON.stringify({
    kind,
    apiVersion,
    spec: {
      envelopeHash: hash(envelope),
      payloadHash: hash(Buffer.from(payload, 'base64')),
      signatures: [{ signature: signatures[0].sig, verifier: verifiers[0] }],
    },
  })
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const asBuffer = (view: ArrayBufferView): Buffer => Buffer.from(view.buffer, view.byteOffset, view.byteLength)

/** An OIDC token as GitHub makes it, but for its signature, which the imitation does not check. */
export function oidcToken(claims: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 600
  const body = {
    sub: 'https://example.org/release',
    iss: 'https://issuer.example.org',
    aud: 'sigstore',
    exp,
    ...claims,
  }
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(body)}.${Buffer.from('no signature').toString('base64url')}`
}
