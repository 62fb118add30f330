import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { TransientError, UserError } from '../../errors.ts'
import type { Environment } from '../../lib/child.ts'
import { proxySettings } from '../../lib/proxy.ts'

export interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly headers: { readonly [name: string]: string }
  /** A stream needs `content-length` in the headers: GitHub takes no chunked bodies. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Once; ends with an error when the connection breaks. */
  readonly body: AsyncIterable<Uint8Array>
}

export type Send = (request: HttpRequest) => Promise<HttpAnswer>

/** Nobody knows whether the request was carried out: look before it is repeated. */
export class LostAnswer extends TransientError {}

/** Without a byte for so long, a connection is given up; a slow one that moves is not. */
const idleMaxMs = 60_000

/** An `import` of node:http also loads what its getters name, and takes ten times as long. */
const httpModule = () => process.getBuiltinModule('node:http')
const httpsModule = () => process.getBuiltinModule('node:https')

/** node:http and not fetch: proxies, and uploads whose length is known before. */
export function openHttp(environment: Environment): Send {
  const proxies = proxySettings(environment)
  let http: HttpAgent | undefined
  let https: HttpsAgent | undefined
  return (request) => {
    if (request.url.protocol === 'http:') {
      http ??= new (httpModule().Agent)({ ...proxies, keepAlive: true })
      return exchange(request, http)
    }
    https ??= new (httpsModule().Agent)({ ...proxies, ca: trusted() })
    return exchange(request, https)
  }
}

function trusted(): string[] {
  const { getCACertificates } = process.getBuiltinModule('node:tls')
  return [...getCACertificates('default'), ...getCACertificates('system')]
}

async function exchange(request: HttpRequest, agent: HttpAgent | HttpsAgent): Promise<HttpAnswer> {
  const { method, url, headers, body, signal } = request
  signal?.throwIfAborted()
  const open = url.protocol === 'https:' ? httpsModule().request : httpModule().request
  const sent = open(url, { method, headers, agent, timeout: idleMaxMs, ...(signal && { signal }) })
  sent.on('timeout', () => sent.destroy(new IdleError()))
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve)
    sent.on('error', reject)
  })
  // Whoever fails first is thrown below; the other one must not count as unhandled.
  answer.catch(() => undefined)
  try {
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) sent.end(body)
    else await write(sent, body, answer)
    const message = await answer
    return { status: message.statusCode ?? 0, headers: message.headers, body: bodyOf(message, url) }
  } catch (error) {
    sent.destroy()
    signal?.throwIfAborted()
    throw networkError(error, url)
  }
}

class IdleError extends Error {
  readonly code = 'ETIMEDOUT'
}

class CutOffError extends Error {
  readonly code = 'ECONNRESET'
}

/** Stops as soon as the server answers: it has refused, and may close the connection. */
async function write(
  sent: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  answer: Promise<IncomingMessage>,
): Promise<void> {
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

async function* bodyOf(message: IncomingMessage, url: URL): AsyncGenerator<Uint8Array> {
  try {
    yield* message as AsyncIterable<Uint8Array>
  } catch (error) {
    throw networkError(error, url)
  }
  if (!message.complete) throw networkError(new CutOffError(), url)
}

export async function bytesOf({ body }: HttpAnswer): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const networkCodes =
  /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|HPE_|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP)/

/** A failure below HTTP. Anything that is none is thrown as it is. */
function networkError(error: unknown, { host }: URL): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const { code } = error
  if (code === 'ENOTFOUND') {
    return new UserError('GITHUB_HOST_UNKNOWN', `There is no host "${host}".`, {
      hint: 'Check forge.github.baseUrl, and whether this machine can resolve names.',
      cause: error,
    })
  }
  if (code === 'EPROTO' || /SSL|TLS|CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return new UserError('GITHUB_TLS', `The connection to ${host} is not secure (${code}).`, {
      hint: 'Trust its certificate authority (NODE_EXTRA_CA_CERTS).',
      cause: error,
    })
  }
  if (!networkCodes.test(code)) return error
  return new LostAnswer('GITHUB_NETWORK', `The connection to ${host} broke (${code}).`, {
    hint: 'Check the network. Hawser looks what was done before it does anything again.',
    cause: error,
  })
}
