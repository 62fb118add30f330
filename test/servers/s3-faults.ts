import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** What can happen to a request. */
export type Fault =
  /** Answered by the proxy, and not forwarded. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string; readonly retryAfter?: number }
  /** The connection breaks before the service hears of it. */
  | { readonly kind: 'reset' }
  /** The service does it, and its answer is lost. */
  | { readonly kind: 'lost answer' }
  /** The answer's body ends too early. */
  | { readonly kind: 'truncated'; readonly bytes: number }
  /** The answer's body comes in drips. */
  | { readonly kind: 'slow'; readonly chunkBytes: number; readonly everyMs: number }

export interface SeenRequest {
  /** From 0. */
  readonly number: number
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
}

export interface RecordedRequest extends Pick<SeenRequest, 'number' | 'method' | 'path'> {
  readonly query: string
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly status: number | undefined
  readonly fault: Fault['kind'] | undefined
}

export interface FaultProxy {
  readonly endpoint: string
  readonly requests: readonly RecordedRequest[]
  /** Forgets the requests so far. */
  clear(): void
  /** Asked for each request; undefined: nothing happens to it. */
  decide: (seen: SeenRequest) => Fault | undefined
  close(): Promise<void>
}

/** A proxy in front of a real service, that does to requests what networks and services do. Signatures stay valid. */
export async function startFaultProxy(
  target: string,
  decide: FaultProxy['decide'] = () => undefined,
): Promise<FaultProxy> {
  const requests: RecordedRequest[] = []
  let count = 0
  const server: Server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', target)
    const seen = {
      number: count++,
      method: incoming.method ?? 'GET',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: incoming.headers,
    }
    const fault = proxy.decide(seen)
    const note = (sentBytes: number, receivedBytes: number, status?: number): void => {
      const { number, method, path } = seen
      requests.push({
        number,
        method,
        path,
        query: url.search,
        sentBytes,
        receivedBytes,
        status,
        fault: fault?.kind,
      })
    }
    if (fault?.kind === 'answer') answer(incoming, outgoing, fault, note)
    else if (fault?.kind === 'reset') incoming.socket.destroy()
    else forward(target, { incoming, outgoing, fault, note })
  })
  server.keepAliveTimeout = 30_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    clear: () => void requests.splice(0),
    decide,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

type Note = (sentBytes: number, receivedBytes: number, status?: number) => void

function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, code, retryAfter }: Fault & { kind: 'answer' },
  note: Note,
): void {
  // The body is read first: else the client may see a reset instead of the answer.
  incoming.resume()
  incoming.once('end', () => {
    const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>by the proxy</Message></Error>`
    outgoing.writeHead(status, {
      'content-type': 'application/xml',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    })
    outgoing.end(incoming.method === 'HEAD' ? undefined : body)
    note(0, body.length, status)
  })
}

interface Forwarding {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly fault: Fault | undefined
  readonly note: Note
}

function forward(target: string, { incoming, outgoing, fault, note }: Forwarding): void {
  const { hostname, port } = new URL(target)
  let sentBytes = 0
  const onward = request(
    { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (reply) => {
      let receivedBytes = 0
      reply.on('data', (chunk: Buffer) => {
        receivedBytes += chunk.length
      })
      reply.once('close', () => note(sentBytes, receivedBytes, reply.statusCode))
      void relay(reply, outgoing, fault).catch(() => outgoing.destroy())
    },
  )
  onward.once('error', () => outgoing.destroy())
  incoming.on('data', (chunk: Buffer) => {
    sentBytes += chunk.length
  })
  incoming.pipe(onward)
}

async function relay(
  reply: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'lost answer') {
    reply.resume()
    await once(reply, 'end')
    outgoing.destroy()
    return
  }
  outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
  let left = fault?.kind === 'truncated' ? fault.bytes : Number.POSITIVE_INFINITY
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, left)
    left -= part.length
    if (fault?.kind === 'slow') await drip(outgoing, part, fault)
    else if (!outgoing.write(part)) await once(outgoing, 'drain')
    if (left > 0) continue
    outgoing.destroy()
    return
  }
  outgoing.end()
}

async function drip(
  outgoing: ServerResponse,
  bytes: Buffer,
  { chunkBytes, everyMs }: Fault & { kind: 'slow' },
): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    outgoing.write(bytes.subarray(at, at + chunkBytes))
    await pause(everyMs)
  }
}

/** A deterministic sequence of numbers from 0 up to 1 (mulberry32), so that a run with faults can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** All kinds of trouble, for one request in `everyth`. */
export function randomFaults(seed: number, everyth: number): FaultProxy['decide'] {
  const random = seededRandom(seed)
  const kinds: readonly Fault[] = [
    { kind: 'answer', status: 503, code: 'SlowDown' },
    { kind: 'answer', status: 500, code: 'InternalError' },
    { kind: 'answer', status: 409, code: 'OperationAborted' },
    { kind: 'reset' },
    { kind: 'lost answer' },
    { kind: 'truncated', bytes: 10 },
    { kind: 'slow', chunkBytes: 100_000, everyMs: 1 },
  ]
  return () => (random() * everyth < 1 ? kinds[Math.floor(random() * kinds.length)] : undefined)
}

/** As a service that knows no conditional writes. */
export const withoutConditions: FaultProxy['decide'] = ({ method, headers }) =>
  method !== 'GET' && (headers['if-match'] !== undefined || headers['if-none-match'] !== undefined)
    ? { kind: 'answer', status: 501, code: 'NotImplemented' }
    : undefined
