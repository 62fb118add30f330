import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { sigstore } from '../../src/signing/sigstore/sigstore.ts'
import { simpleSigningPayload } from '../../src/signing/simple-signing.ts'
import { predicateTypes, signatureStatement, statementBytes } from '../../src/signing/statement.ts'
import { artifactVerifier } from '../../src/signing/verify/open-verifier.ts'
import { oidcToken, type SigstoreServices, startSigstore } from './sigstore-services.ts'

const digest = `sha256:${'ab'.repeat(32)}` as const
const payloadType = 'application/vnd.in-toto+json'
const identity = { subject: 'https://example.org/release', issuer: 'https://issuer.example.org' }
const by = { kind: 'identity', ...identity }

let services: SigstoreServices
let masked: string[]
beforeEach(async () => {
  services = await startSigstore()
  masked = []
})
afterEach(() => services.close())

const signerWith = (token: string, more: object = {}) =>
  sigstore.create(
    sigstore.options.parse({
      identityToken: 'env:TOKEN',
      fulcio: services.url,
      rekor: services.url,
      ...more,
    }),
    {
      root: '/',
      environment: { TOKEN: token },
      now: new Date(),
      maskSecret: (secret) => void masked.push(String(secret)),
    },
  )

const verifierFor = (who = identity) => artifactVerifier({ identity: who, trustedRoot: services.trustedRoot })

describe('what an identity signed is accepted later, without network', () => {
  test.each([
    ['version 1 of the log', {}],
    ['a timestamp too', { timestampAuthority: '' }],
  ])('a statement, with %s', async (_, more) => {
    const timestamp = 'timestampAuthority' in more ? { timestampAuthority: services.url } : {}
    const token = oidcToken()
    const signer = await signerWith(token, { ...more, ...timestamp })
    const predicate = { buildDefinition: {} }
    const subjects = [{ name: 'app', digest }]
    const statement = { subjects, predicateType: predicateTypes.slsaProvenance, predicate }
    const { bytes } = await signer.signDsse(statementBytes(statement), payloadType)
    const verifier = await verifierFor()
    await services.close()

    expect(await verifier.verifyBundle(bytes, digest)).toEqual({ by, statement })
    expect(masked).toContain(token)
    expect(Buffer.from(bytes).toString()).not.toContain(token.split('.')[2])
  })

  test('version 2 of the log is asked by its own interface', async () => {
    const signer = await signerWith(oidcToken(), { rekorVersion: 2, timestampAuthority: services.url })
    const { bytes } = await signer.signDsse(signatureStatement(digest), payloadType)
    const { verificationMaterial } = JSON.parse(Buffer.from(bytes).toString())

    expect(services.requests.map(({ path }) => path).sort()).toEqual([
      '/api/v1/timestamp',
      '/api/v2/log/entries',
      '/api/v2/signingCert',
    ])
    expect(verificationMaterial.tlogEntries[0].kindVersion).toMatchObject({ version: '0.0.2' })
    expect(verificationMaterial.timestampVerificationData.rfc3161Timestamps).toHaveLength(1)
  })

  test('a layer of a .sig manifest, with certificate, log entry and time in its annotations', async () => {
    const signer = await signerWith(oidcToken(), { timestampAuthority: services.url })
    const payload = simpleSigningPayload('registry.example.org/app', digest)
    const { annotations } = await signer.signSimple(payload)

    expect(Object.keys(annotations).sort()).toEqual([
      'dev.cosignproject.cosign/signature',
      'dev.sigstore.cosign/bundle',
      'dev.sigstore.cosign/certificate',
      'dev.sigstore.cosign/rfc3161timestamp',
    ])
    const log = JSON.parse(annotations['dev.sigstore.cosign/bundle'] ?? '')
    expect(log).toEqual({
      SignedEntryTimestamp: expect.any(String),
      Payload: {
        body: expect.any(String),
        integratedTime: expect.any(Number),
        logIndex: expect.any(Number),
        logID: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    })
    expect(await (await verifierFor()).verifySimple(payload, annotations, digest)).toEqual({
      by,
      repository: 'registry.example.org/app',
    })
  })

  test('a file, in a bundle of version 0.3', async () => {
    const signer = await signerWith(oidcToken())
    const data = Buffer.from('data')
    const { bytes } = await signer.signMessage(data)
    const { mediaType, verificationMaterial } = JSON.parse(Buffer.from(bytes).toString())

    expect(mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json')
    expect(Object.keys(verificationMaterial)).toContain('certificate')
    expect(await (await verifierFor()).verifyMessage(bytes, data)).toEqual({ by })
  })

  test('any tag of a workflow, where the trusted name says so with "*"', async () => {
    const sub = 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.0'
    const signer = await signerWith(oidcToken({ sub }))
    const { bytes } = await signer.signDsse(signatureStatement(digest), payloadType)
    const subject = 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/*'

    expect((await (await verifierFor({ ...identity, subject })).verifyBundle(bytes, digest)).by).toEqual({
      ...by,
      subject: sub,
    })
  })
})

describe('what does not fit is refused', () => {
  test('another name, a part of the name, another issuer, another log', async () => {
    const signer = await signerWith(oidcToken())
    const { bytes } = await signer.signDsse(signatureStatement(digest), payloadType)
    const attempt = async (who: typeof identity) => (await verifierFor(who)).verifyBundle(bytes, digest)
    const elsewhere = await startSigstore()
    const stranger = await artifactVerifier({ identity, trustedRoot: elsewhere.trustedRoot })
    await elsewhere.close()

    await expectFailure(
      'keyless-other-subject',
      attempt({ ...identity, subject: 'https://example.org/other' }),
    )
    await expectFailure(
      'keyless-part-of-subject',
      attempt({ ...identity, subject: 'https://example.org/rel' }),
    )
    await expectFailure(
      'keyless-dot-is-no-wildcard',
      attempt({ ...identity, subject: 'https://example.org.release' }),
    )
    await expectFailure('keyless-other-issuer', attempt({ ...identity, issuer: 'https://evil.example.org' }))
    await expectFailure('keyless-other-root', stranger.verifyBundle(bytes, digest))
  })

  test.each<[string, (bundle: Loose) => unknown]>([
    [
      'payload',
      ({ dsseEnvelope }) => Object.assign(dsseEnvelope, { payload: Buffer.from('{}').toString('base64') }),
    ],
    ['no-log', ({ verificationMaterial }) => Object.assign(verificationMaterial, { tlogEntries: [] })],
    [
      'log-time',
      ({ verificationMaterial: { tlogEntries } }) =>
        Object.assign(tlogEntries[0] ?? {}, { integratedTime: '1' }),
    ],
    [
      'log-body',
      ({ verificationMaterial: { tlogEntries } }) =>
        Object.assign(tlogEntries[0] ?? {}, { canonicalizedBody: Buffer.from('{}').toString('base64') }),
    ],
    [
      'certificate',
      ({ verificationMaterial }) =>
        Object.assign(verificationMaterial, { certificate: { rawBytes: 'AAAA' } }),
    ],
    [
      'key-instead',
      ({ verificationMaterial }) => {
        Reflect.deleteProperty(verificationMaterial, 'certificate')
        return Object.assign(verificationMaterial, { publicKey: { hint: '' } })
      },
    ],
  ])('a bundle that was changed: %s', async (name, mutate) => {
    const signer = await signerWith(oidcToken())
    const { bytes } = await signer.signDsse(signatureStatement(digest), payloadType)
    const bundle: Loose = JSON.parse(Buffer.from(bytes).toString())
    mutate(bundle)

    const attempt = (await verifierFor()).verifyBundle(Buffer.from(JSON.stringify(bundle)), digest)
    await expectFailure(`keyless-changed-${name}`, attempt)
  })

  test('a root that is none', async () => {
    await expectFailure('keyless-root-json', artifactVerifier({ identity, trustedRoot: '<html>' }))
    await expectFailure('keyless-root-list', artifactVerifier({ identity, trustedRoot: '{"tlogs":[{}]}' }))
  })
})

describe('tokens and services that do not work', () => {
  test.each([
    ['text', 'hunter2'],
    ['nobody', oidcToken({ sub: undefined })],
    ['expired', oidcToken({ exp: 1_700_000_000 })],
    ['audience', oidcToken({ aud: ['npm'] })],
    ['mail', oidcToken({ email: 'a@example.org' })],
    ['empty', ''],
  ])('a token is refused at once, and not shown: %s', async (name, token) => {
    await expectFailure(`token-${name}`, signerWith(token), token)
    expect(services.requests).toEqual([])
  })

  test('no token at all', async () => {
    const context = { root: '/', environment: {}, now: new Date(), maskSecret: () => undefined }
    await expectFailure('token-missing', sigstore.create(sigstore.options.parse({}), context))
    const rekor2 = sigstore.options.parse({ rekorVersion: 2 })
    await expectFailure('token-no-time', sigstore.create(rekor2, context))
    const environment = {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'http://example.org/',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret',
    }
    await expectFailure(
      'token-plain-http',
      sigstore.create(sigstore.options.parse({}), { ...context, environment }),
    )
  })

  test('the authority refuses: an error that says so, without the token', async () => {
    const token = oidcToken()
    const signer = await signerWith(token)
    services.fail('fulcio', 400)

    await expectFailure('service-fulcio-400', signer.signDsse(signatureStatement(digest), payloadType), token)
  })

  test('the log is down for longer than the client tries: an error that may pass', async () => {
    const signer = await signerWith(oidcToken())
    services.fail('rekor', 503, 503, 503, 503)

    await expectFailure('service-rekor-503', signer.signMessage(Buffer.from('data')))
  })

  test('a log that stumbles, or breaks the connection, is asked again', async () => {
    const signer = await signerWith(oidcToken())
    services.fail('rekor', 503)
    const data = Buffer.from('data')
    const first = await signer.signMessage(data)
    services.fail('rekor', 'drop')
    const second = await signer.signMessage(data)

    for (const { bytes } of [first, second])
      expect(await (await verifierFor()).verifyMessage(bytes, data)).toEqual({ by })
  })
})

interface Loose {
  readonly verificationMaterial: { readonly tlogEntries: readonly object[] }
  readonly dsseEnvelope: object
}

async function expectFailure(name: string, attempt: Promise<unknown>, secret = ''): Promise<void> {
  const error: unknown = await attempt.then(
    () => new Error('no failure'),
    (thrown: unknown) => thrown,
  )
  if (secret !== '') expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
  await expect(`${failureText(error)}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
}
