import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'
import type { Environment } from '../../lib/child.ts'
import { proxySettings } from '../../lib/proxy.ts'
import { networkError, type Purpose } from './registry-errors.ts'

export interface HttpRequest extends Purpose {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH'
  readonly url: URL
  readonly headers: { readonly [name: string]: string }
  readonly body?: Uint8Array | ByteStream
  readonly signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Once; ends with an error when the connection breaks. */
  readonly body: ByteStream
  /** The start of the body, for errors and small documents; the rest is dropped. */
  text(maxBytes?: number): Promise<string>
  discard(): void
}

export type Send = (request: HttpRequest) => Promise<HttpAnswer>

/** Without a byte for so long, a connection is given up; a slow one that moves is not. */
const idleUsualMs = 60_000
/** Registries on object stores move a large blob to its place before they answer, so that they get longer. */
const longerForUploads = 5

/** An `import` of node:http also loads what its getters name (fetch, WebSocket), and takes ten times as long. */
const httpModule = () => process.getBuiltinModule('node:http')
const httpsModule = () => process.getBuiltinModule('node:https')

/** node:http and not fetch: backpressure, proxies, and bodies whose length is known before. */
export function openHttp(environment: Environment, idleMaxMs = idleUsualMs): Send {
  const proxies = proxySettings(environment)
  let http: HttpAgent | undefined
  let https: HttpsAgent | undefined
  return async (request) => {
    request.signal?.throwIfAborted()
    if (request.url.protocol === 'http:') {
      http ??= new (httpModule().Agent)({ ...proxies, keepAlive: true })
      return exchange(request, http, idleMaxMs)
    }
    // Reading certificates takes longer than most requests to a registry on this machine.
    https ??= new (httpsModule().Agent)({ ...proxies, ca: trusted() })
    return exchange(request, https, idleMaxMs)
  }
}

function trusted(): string[] {
  const { getCACertificates } = process.getBuiltinModule('node:tls')
  return [...getCACertificates('default'), ...getCACertificates('system')]
}

async function exchange(
  request: HttpRequest,
  agent: HttpAgent | HttpsAgent,
  idleMaxMs: number,
): Promise<HttpAnswer> {
  const { method, url, body, signal } = request
  const isStream = body !== undefined && !(body instanceof Uint8Array)
  const send = url.protocol === 'https:' ? httpsModule().request : httpModule().request
  const headers = { 'user-agent': 'hawser', 'accept-encoding': 'identity', ...request.headers }
  const timeout = isStream ? idleMaxMs * longerForUploads : idleMaxMs
  const sent = send(url, { method, headers, agent, timeout, ...(signal && { signal }) })
  sent.on('timeout', () => sent.destroy(new IdleError()))
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve)
    sent.on('error', reject)
  })
  // Whoever fails first is thrown below; the other one must not count as unhandled.
  answer.catch(() => undefined)
  try {
    if (isStream) await write(sent, body, answer)
    else sent.end(body)
    const message = await answer
    // It answered before it had everything; the connection cannot be used again.
    if (!sent.writableEnded) message.once('end', () => sent.destroy())
    return answerOf(message, request)
  } catch (error) {
    sent.destroy()
    signal?.throwIfAborted()
    // The server closed an idle connection just when it was taken for this request.
    if (!isStream && sent.reusedSocket && isReset(error)) return exchange(request, agent, idleMaxMs)
    throw networkError(error, request)
  }
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')

class IdleError extends Error {
  readonly code = 'ETIMEDOUT'
}

/** Stops as soon as the server answers: it has refused, and may close the connection. */
async function write(sent: ClientRequest, body: ByteStream, answer: Promise<IncomingMessage>): Promise<void> {
  let isAnswered = false
  let goOn = (): void => undefined
  const stop = (): void => {
    isAnswered = true
    goOn()
  }
  answer.then(stop, stop)
  sent.on('drain', () => goOn())
  for await (const chunk of body) {
    if (isAnswered) return
    if (sent.write(chunk)) continue
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
  }
  if (!isAnswered) sent.end()
}

function answerOf(message: IncomingMessage, purpose: Purpose): HttpAnswer {
  async function* body(): ByteStream {
    try {
      yield* message as AsyncIterable<Uint8Array>
    } catch (error) {
      throw networkError(error, purpose)
    }
    if (!message.complete) throw networkError(new CutOffError(), purpose)
  }
  const { statusCode: status = 0, headers } = message
  const text = async (maxBytes = 64 * 1024): Promise<string> => {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of body()) {
      chunks.push(chunk)
      length += chunk.length
      if (length > maxBytes) break
    }
    return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8')
  }
  return { status, headers, body: body(), text, discard: () => void message.resume() }
}

class CutOffError extends Error {
  readonly code = 'ECONNRESET'
}

export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)

/** An address that a server sent us to, absolute. */
export function resolveAddress(written: string | undefined, from: URL, { what, host }: Purpose): URL {
  if (written !== undefined && URL.canParse(written, from.href)) return new URL(written, from)
  throw new UserError('OCI_LOCATION', `${host} answered to ${what} without an address to go on with.`, {
    hint: 'The registry, or a proxy before it, does not follow the distribution specification.',
  })
}
