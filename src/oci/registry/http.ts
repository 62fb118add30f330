import { once } from 'node:events'
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { getCACertificates } from 'node:tls'
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
const idleMaxMs = 60_000

/** node:http and not fetch: backpressure, proxies, and bodies whose length is known before. */
export function openHttp(environment: Environment): Send {
  const proxies = proxySettings(environment)
  const http = new HttpAgent({ ...proxies, keepAlive: true })
  let https: HttpsAgent | undefined
  return async (request) => {
    request.signal?.throwIfAborted()
    // Reading certificates takes longer than most requests to a registry on this machine.
    https ??= request.url.protocol === 'https:' ? new HttpsAgent({ ...proxies, ca: trusted() }) : undefined
    return exchange(request, request.url.protocol === 'https:' ? https : http)
  }
}

const trusted = (): string[] => [...getCACertificates('default'), ...getCACertificates('system')]

async function exchange(
  request: HttpRequest,
  agent: HttpAgent | HttpsAgent | undefined,
): Promise<HttpAnswer> {
  const { method, url, body, signal } = request
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers = { 'user-agent': 'hawser', 'accept-encoding': 'identity', ...request.headers }
  const sent = send(url, { method, headers, agent, timeout: idleMaxMs, ...(signal && { signal }) })
  sent.on('timeout', () => sent.destroy(new IdleError()))
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve)
    sent.on('error', reject)
  })
  // Whoever fails first is thrown below; the other one must not count as unhandled.
  answer.catch(() => undefined)
  try {
    await write(sent, body, answer)
    return answerOf(await answer, request)
  } catch (error) {
    sent.destroy()
    signal?.throwIfAborted()
    throw networkError(error, request)
  }
}

class IdleError extends Error {
  readonly code = 'ETIMEDOUT'
}

/** Stops as soon as the server answers: it has refused, and may close the connection. */
async function write(
  sent: ClientRequest,
  body: HttpRequest['body'],
  answer: Promise<IncomingMessage>,
): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    sent.end(body)
    return
  }
  let isAnswered = false
  const answered = answer.then(
    () => {
      isAnswered = true
    },
    () => {
      isAnswered = true
    },
  )
  for await (const chunk of body) {
    if (isAnswered) break
    if (!sent.write(chunk)) await Promise.race([once(sent, 'drain'), answered])
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
