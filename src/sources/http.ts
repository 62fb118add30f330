import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { PassThrough } from 'node:stream'
import { getCACertificates } from 'node:tls'
import { UserError } from '../errors.ts'
import type { Environment } from '../lib/child.ts'
import { proxySettings } from '../lib/proxy.ts'
import { networkError, shownUrl, statusError } from './http-errors.ts'

export interface HttpGet {
  readonly url: URL
  readonly headers?: { readonly [name: string]: string }
  /** Credentials for exactly this address; asked again for each redirect, so that they never reach a stranger. */
  readonly authorization?: (url: URL) => string | undefined
  readonly signal: AbortSignal
  /** Status codes that the caller understands besides 200. */
  readonly answers?: readonly number[]
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** To be read once. Ends with an error when the connection breaks, after all bytes that had arrived. */
  readonly body: AsyncIterable<Uint8Array>
  /** For a body that is not read. */
  discard(): void
}

export interface HttpClient {
  /** GET that follows redirects. The caller reads the body or discards it. */
  get(get: HttpGet): Promise<HttpAnswer>
}

const redirectsMax = 5
/** Without a byte for so long, a connection is given up; a slow one that moves is not. */
const idleMaxMs = 60_000

/** Node's own list with NODE_EXTRA_CA_CERTS, and what this machine trusts, as apt, curl and git do. */
const trustedCertificates = (): string[] => [...getCACertificates('default'), ...getCACertificates('system')]

/** node:https and not fetch: fetch has no proxies without a flag at the start of the process, and decodes bodies. */
export function openHttpClient(environment: Environment): HttpClient {
  const proxies = proxySettings(environment)
  const http = new HttpAgent(proxies)
  const https = new HttpsAgent({ ...proxies, ca: trustedCertificates() })

  const send = ({ url, headers, authorization, signal }: HttpGet): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const secret = authorization?.(url)
      const options = {
        // Only bytes as they are stored can be resumed and compared with a pin.
        headers: {
          'accept-encoding': 'identity',
          'user-agent': 'hawser',
          ...headers,
          ...(secret && { authorization: secret }),
        },
        signal,
        timeout: idleMaxMs,
      }
      const sent =
        url.protocol === 'https:'
          ? requestHttps(url, { ...options, agent: https })
          : requestHttp(url, { ...options, agent: http })
      sent.on('timeout', () => sent.destroy(new IdleError()))
      sent.on('response', (answer) => resolve(answerOf(answer, url, signal)))
      sent.on('error', reject)
      sent.end()
    })

  return {
    async get(get) {
      let url = get.url
      let previous: URL | undefined
      for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
        assertAllowed(url, previous)
        const answer = await send({ ...get, url }).catch((error: unknown) => {
          throw networkError(error, url, get.signal)
        })
        const location = redirectOf(answer)
        if (location === undefined) return accepted(answer, url, get.answers ?? [])
        answer.discard()
        previous = url
        url = resolveRedirect(location, url)
      }
      throw new UserError(
        'SOURCE_REDIRECTS',
        `${shownUrl(get.url)} redirects more than ${redirectsMax} times.`,
        {
          hint: 'Write the address of the file itself.',
        },
      )
    },
  }
}

function answerOf(message: IncomingMessage, url: URL, signal: AbortSignal): HttpAnswer {
  // A broken message forgets what it has buffered; what is in here stays, so that resuming goes on behind it.
  const received = new PassThrough({ highWaterMark: 1 << 20 })
  let failure: unknown
  message.on('error', (error) => {
    failure = error
  })
  message.on('close', () => received.end())
  message.pipe(received)
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      yield* received
    } finally {
      message.destroy()
    }
    if (failure !== undefined || !message.complete)
      throw networkError(failure ?? new CutOffError(), url, signal)
  }
  const { statusCode: status = 0, headers } = message
  return { status, headers, body: body(), discard: () => message.destroy() }
}

class CutOffError extends Error {
  readonly code = 'ECONNRESET'
}

class IdleError extends Error {
  readonly code = 'ETIMEDOUT'
}

export const isLoopback = (url: URL): boolean => ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)

function assertAllowed(url: URL, previous: URL | undefined): void {
  if (url.protocol === 'https:') return
  // Plain HTTP never leaves the machine, and never takes over from HTTPS.
  if (url.protocol === 'http:' && isLoopback(url) && previous?.protocol !== 'https:') return
  const what =
    previous === undefined
      ? `"${shownUrl(url)}" is not an https address.`
      : `"${shownUrl(previous)}" redirects to "${shownUrl(url)}", which is not https.`
  throw new UserError('SOURCE_NOT_HTTPS', what, {
    hint: 'Only https is followed, since anyone on the way could read and change plain traffic.',
  })
}

function redirectOf({ status, headers }: HttpAnswer): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined
}

function resolveRedirect(location: string, from: URL): URL {
  if (URL.canParse(location, from.href)) return new URL(location, from)
  throw new UserError('SOURCE_REDIRECTS', `${shownUrl(from)} redirects to something that is no address.`, {
    hint: 'Write the address of the file itself, or tell the operator of the server.',
  })
}

function accepted(answer: HttpAnswer, url: URL, answers: readonly number[]): HttpAnswer {
  if (answer.status === 200 || answers.includes(answer.status)) return answer
  answer.discard()
  throw statusError(answer.status, url, answer.headers['retry-after'])
}
