import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { missingIn, type Repository, referrersReply } from './oci-registry-content.ts'
import { LoginDesk, type RegistryLogin } from './oci-registry-login.ts'
import { errorReply, type Reply, type SeenRequest } from './oci-registry-reply.ts'

/** What a registry may do or not, and how it may fail. */
export interface RegistrySwitches {
  /** The referrers API; without it clients keep lists in tags. */
  referrers: boolean
  /** Who is let in; undefined: everybody. */
  auth: RegistryLogin | undefined
  /** Names in one page of a list. */
  pageSize: number
  /** What every page of a list gives as its next one, instead of the next one. */
  pageLink: string | undefined
  /** Requests with larger bodies are refused with 413. */
  bodyBytesMax: number
  /** `OCI-Chunk-Min-Length`: what comes with PATCH must have at least so many bytes, but for the end of a blob. */
  chunkBytesMin: number
  /** The bodies of answers are sent in pieces of so many bytes. */
  pieceBytes: number
  /** Blobs of other repositories can be mounted; else a mount opens a session, or is refused with a status. */
  mounts: boolean | 404 | 405
  /** Range requests for blobs. */
  ranges: boolean
  /** If-Match and If-None-Match for manifests. */
  conditions: boolean
  /** GET of a blob is sent to another address. */
  blobRedirect: string | undefined
  /** Asked for each request; undefined: nothing happens to it. */
  fault: (request: SeenRequest) => Fault | undefined
}

export type Fault =
  /** Answered so, and nothing is done. */
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter?: number }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'reset' }
  /** It is done, and the answer is lost. */
  | { readonly kind: 'lost answer' }
  /** It is done twice, as a proxy does that repeats requests. */
  | { readonly kind: 'twice' }
  /** The answer comes after this time. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection breaks within the body of the answer. */
  | { readonly kind: 'cut off'; readonly bytes: number }
  /** The connection breaks within the body of the request; an upload in pieces keeps what came. */
  | { readonly kind: 'cut request'; readonly bytes: number }
  /** `Docker-Content-Digest` is of something else. */
  | { readonly kind: 'wrong digest' }
  /** The body of the answer has another byte. */
  | { readonly kind: 'damaged' }

interface Session {
  bytes: Buffer
  /** A piece came that only the last one may be as small as. */
  isAtEnd: boolean
}

/** A registry after distribution specification 1.1, in this process, with switches. */
export interface RegistryStandIn {
  readonly host: string
  readonly switches: RegistrySwitches
  readonly seen: readonly SeenRequest[]
  readonly repositories: ReadonlyMap<string, Repository>
  clear(): void
  close(): Promise<void>
}

export async function startRegistryStandIn(given: Partial<RegistrySwitches> = {}): Promise<RegistryStandIn> {
  const switches: RegistrySwitches = {
    referrers: true,
    auth: undefined,
    pageSize: 100,
    pageLink: undefined,
    bodyBytesMax: Number.POSITIVE_INFINITY,
    chunkBytesMin: 0,
    pieceBytes: Number.POSITIVE_INFINITY,
    mounts: true,
    ranges: true,
    conditions: true,
    blobRedirect: undefined,
    fault: () => undefined,
    ...given,
  }
  const seen: SeenRequest[] = []
  const registry = new Registry(switches)
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '', 'http://registry')
    const request = {
      number: seen.length,
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
    }
    seen.push(request)
    incoming.on('error', () => undefined)
    serve(registry, request, incoming, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : undefined)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  return {
    host: `127.0.0.1:${address.port}`,
    switches,
    seen,
    repositories: registry.repositories,
    clear: () => void seen.splice(0),
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function serve(
  registry: Registry,
  request: SeenRequest,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const fault = registry.switches.fault(request)
  if (fault?.kind === 'reset') {
    incoming.socket.resetAndDestroy()
    return
  }
  if (fault?.kind === 'answer') {
    incoming.resume()
    const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
    await send(outgoing, { ...errorReply(fault.status, 'FAULT', 'as the test wants it'), headers }, request)
    return
  }
  const body = await bodyOf(incoming, fault?.kind === 'cut request' ? fault.bytes : Number.POSITIVE_INFINITY)
  if (fault?.kind === 'cut request') {
    if (request.method === 'PATCH') registry.reply(request, body)
    incoming.socket.resetAndDestroy()
    return
  }
  let reply = registry.reply(request, body)
  if (fault?.kind === 'twice') reply = registry.reply(request, body)
  if (fault?.kind === 'lost answer') {
    incoming.socket.resetAndDestroy()
    return
  }
  if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms))
  if (fault?.kind === 'wrong digest')
    reply = { ...reply, headers: { ...reply.headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` } }
  if (fault?.kind === 'damaged' && reply.body !== undefined && reply.body.length > 0) {
    const damaged = Buffer.from(reply.body)
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1
    reply = { ...reply, body: damaged }
  }
  if (fault?.kind === 'cut off' && request.method === 'GET') {
    outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': String(reply.body?.length ?? 0) })
    outgoing.write(reply.body?.subarray(0, fault.bytes), () => incoming.socket.resetAndDestroy())
    return
  }
  await send(outgoing, reply, request, registry.switches.pieceBytes)
}

async function bodyOf(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= bytesMax) break
  }
  return Buffer.concat(chunks).subarray(0, Math.min(length, bytesMax))
}

async function send(
  outgoing: ServerResponse,
  { status, headers, body = Buffer.alloc(0) }: Reply,
  { method }: SeenRequest,
  pieceBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  outgoing.writeHead(status, { 'content-length': String(body.length), ...headers })
  if (method !== 'HEAD' && pieceBytes < body.length) {
    for (let at = 0; at < body.length; at += pieceBytes)
      if (!outgoing.write(body.subarray(at, at + pieceBytes))) await once(outgoing, 'drain')
    outgoing.end()
    return
  }
  outgoing.end(method === 'HEAD' ? undefined : body)
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const unknownBlob = errorReply(404, 'BLOB_UNKNOWN', 'blob unknown to registry')

class Registry {
  readonly repositories = new Map<string, Repository>()
  readonly #sessions = new Map<string, Session>()
  readonly #desk = new LoginDesk()
  readonly switches: RegistrySwitches

  constructor(switches: RegistrySwitches) {
    this.switches = switches
  }

  reply(request: SeenRequest, body: Buffer): Reply {
    if (request.path === '/token') return this.#desk.token(request, body, this.switches.auth)
    if (request.path.startsWith('/elsewhere/')) return this.#elsewhere(request)
    if (body.length > this.switches.bodyBytesMax) return errorReply(413, 'TOO_LARGE', 'the body is too large')
    const refused = this.#desk.refuse(request, this.switches.auth)
    if (refused !== undefined) return refused
    const [, name = '', kind, rest = ''] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|tags|referrers)\/?(.*)$/.exec(request.path) ?? []
    const repository = this.#repository(name)
    if (kind === 'blobs/uploads') return this.#upload(request, name, rest, body)
    if (kind === 'blobs') return this.#blob(request, repository, rest)
    if (kind === 'manifests') return this.#manifest(request, repository, rest, body)
    if (kind === 'tags') return this.#tags(request, name, repository)
    if (kind === 'referrers' && this.switches.referrers) return referrersReply(request, repository, rest)
    return request.path === '/v2/' ? { status: 200 } : errorReply(404, 'NOT_FOUND', 'no such address')
  }

  #repository(name: string): Repository {
    const found = this.repositories.get(name) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() }
    this.repositories.set(name, found)
    return found
  }

  /** Where blobs are kept: with credentials it refuses, as object stores do. */
  #elsewhere({ path, headers }: SeenRequest): Reply {
    if (headers.authorization !== undefined)
      return errorReply(400, 'TWO_AUTHS', 'only one way of authorization')
    const [, name = '', digest = ''] = /^\/elsewhere\/(.+)\/(sha256:.*)$/.exec(path) ?? []
    const body = this.#repository(name).blobs.get(digest)
    return body === undefined ? unknownBlob : { status: 200, body }
  }

  #blob({ method, headers, path }: SeenRequest, { blobs }: Repository, digest: string): Reply {
    const body = blobs.get(digest)
    if (body === undefined) return unknownBlob
    if (method === 'GET' && this.switches.blobRedirect !== undefined) {
      const name = path.slice('/v2/'.length, path.indexOf('/blobs/'))
      return {
        status: 307,
        headers: { location: `${this.switches.blobRedirect}/elsewhere/${name}/${digest}` },
      }
    }
    const common = { 'docker-content-digest': digest }
    const [, start] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
    if (start === undefined || !this.switches.ranges)
      return { status: 200, headers: { ...common, 'content-length': String(body.length) }, body }
    return { status: 206, headers: common, body: body.subarray(Number(start)) }
  }

  #upload(request: SeenRequest, name: string, id: string, body: Buffer): Reply {
    if (request.method === 'POST') return this.#openSession(request, name)
    const held = this.#sessions.get(id)
    if (held === undefined) return errorReply(404, 'BLOB_UPLOAD_UNKNOWN', 'upload unknown')
    const location = `/v2/${name}/blobs/uploads/${id}?state=a%2Fb`
    if (request.method === 'GET') {
      const last = Math.max(0, held.bytes.length - 1)
      return { status: 204, headers: { location, range: `0-${last}` } }
    }
    if (request.method === 'PATCH') return this.#patch(request, held, location, body)
    const whole = Buffer.concat([held.bytes, body])
    const digest = request.query.get('digest') ?? ''
    if (digestOf(whole) !== digest) return errorReply(400, 'DIGEST_INVALID', 'the digest does not match')
    this.#repository(name).blobs.set(digest, whole)
    this.#sessions.delete(id)
    return {
      status: 201,
      headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest },
    }
  }

  #openSession({ query }: SeenRequest, name: string): Reply {
    const [mount, from] = [query.get('mount'), query.get('from')]
    const { mounts, chunkBytesMin } = this.switches
    if (from !== null && typeof mounts === 'number')
      return errorReply(mounts, 'UNSUPPORTED', 'no mounts here')
    const mounted = from === null || !mounts ? undefined : this.repositories.get(from)?.blobs.get(mount ?? '')
    if (mount !== null && mounted !== undefined) {
      this.#repository(name).blobs.set(mount, mounted)
      return { status: 201, headers: { location: `/v2/${name}/blobs/${mount}` } }
    }
    const session = randomUUID()
    this.#sessions.set(session, { bytes: Buffer.alloc(0), isAtEnd: false })
    const location = `/v2/${name}/blobs/uploads/${session}?state=a%2Fb`
    const least = chunkBytesMin === 0 ? {} : { 'oci-chunk-min-length': String(chunkBytesMin) }
    return { status: 202, headers: { location, ...least } }
  }

  #patch({ headers }: SeenRequest, held: Session, location: string, body: Buffer): Reply {
    const [, start] = /^(\d+)-\d+$/.exec(headers['content-range'] ?? '0-0') ?? []
    if (Number(start) !== held.bytes.length) return errorReply(416, 'RANGE_INVALID', 'out of order')
    if (held.isAtEnd) return errorReply(400, 'SIZE_INVALID', 'the last piece was too small')
    held.bytes = Buffer.concat([held.bytes, body])
    held.isAtEnd = body.length < this.switches.chunkBytesMin
    return { status: 202, headers: { location, range: `0-${held.bytes.length - 1}` } }
  }

  #manifest(
    { method, headers }: SeenRequest,
    repository: Repository,
    reference: string,
    body: Buffer,
  ): Reply {
    const { manifests, tags } = repository
    if (method !== 'PUT') {
      const digest = reference.startsWith('sha256:') ? reference : tags.get(reference)
      const found = manifests.get(digest ?? '')
      if (found === undefined) return errorReply(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
      const common = { 'content-type': found.mediaType, 'docker-content-digest': digest ?? '' }
      return {
        status: 200,
        headers: { ...common, 'content-length': String(found.bytes.length), etag: `"${digest}"` },
        body: found.bytes,
      }
    }
    const missing = missingIn(body, repository)
    if (missing !== undefined) return errorReply(400, 'MANIFEST_BLOB_UNKNOWN', `${missing} is not there`)
    const digest = digestOf(body)
    if (reference.startsWith('sha256:') && reference !== digest)
      return errorReply(400, 'DIGEST_INVALID', 'the digest does not match')
    const known = tags.get(reference)
    const isChanged = headers['if-match'] !== undefined && headers['if-match'] !== `"${known}"`
    const isThere = headers['if-none-match'] === '*' && known !== undefined
    if (this.switches.conditions && (isChanged || isThere))
      return errorReply(412, 'PRECONDITION', 'changed since')
    manifests.set(digest, { bytes: body, mediaType: headers['content-type'] ?? '' })
    if (!reference.startsWith('sha256:')) tags.set(reference, digest)
    const { subject } = JSON.parse(body.toString()) as { readonly subject?: { readonly digest: string } }
    const told = subject !== undefined && this.switches.referrers ? { 'oci-subject': subject.digest } : {}
    return { status: 201, headers: { 'docker-content-digest': digest, ...told } }
  }

  #tags({ query }: SeenRequest, name: string, { tags }: Repository): Reply {
    const after = query.get('last') ?? ''
    const rest = [...tags.keys()].toSorted().filter((tag) => tag > after)
    const page = rest.slice(0, this.switches.pageSize)
    const next =
      page.length < rest.length
        ? {
            link:
              this.switches.pageLink ??
              `</v2/${name}/tags/list?n=${page.length}&last=${page.at(-1)}>; rel="next"`,
          }
        : {}
    const body = Buffer.from(JSON.stringify({ name, tags: page }))
    return { status: 200, headers: { 'content-type': 'application/json', ...next }, body }
  }
}
