import { TransientError, UserError } from '../errors.ts'
import { codeOf } from '../lib/atomic-file.ts'

/** Credentials and signed parameters stay out of messages. */
export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}`

/** What an answer that is no success means for the reader. */
export function statusError(
  status: number,
  url: URL,
  retryAfter: string | undefined,
): UserError | TransientError {
  const shown = shownUrl(url)
  if (status === 404 || status === 410) {
    return new UserError('SOURCE_NOT_FOUND', `${shown} does not exist (HTTP ${status}).`, {
      hint: 'Check the address and the version in it. Some servers also answer so when credentials are missing.',
    })
  }
  if (status === 401 || status === 403) {
    return new UserError('SOURCE_FORBIDDEN', `${shown} refused access (HTTP ${status}).`, {
      hint: 'Give credentials that may read it, or check that the ones in use have not expired.',
    })
  }
  if (status === 407) {
    return new UserError('SOURCE_PROXY_FORBIDDEN', `The proxy on the way to ${shown} wants credentials.`, {
      hint: 'Write them into HTTPS_PROXY, as in http://user:password@proxy:3128.',
    })
  }
  if (status >= 500 || [408, 425, 429].includes(status)) {
    const retryAfterMs = parseRetryAfter(retryAfter)
    return new TransientError('SOURCE_UNAVAILABLE', `${shown} answered HTTP ${status}.`, {
      hint: 'The server may be busy. Run the command again later.',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  return new UserError('SOURCE_HTTP_STATUS', `${shown} answered HTTP ${status}, not the file.`, {
    hint: 'Open the address in a browser to see what it serves.',
  })
}

/** RFC 9110, 10.2.3: seconds or a date. */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

const networkCodes = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_PROXY_TUNNEL',
  'ETIMEDOUT',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_EOF_STATE',
])

/** A broken connection may heal; a certificate that is not trusted does not. */
export function networkError(error: unknown, url: URL, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  const code = codeOf(error) ?? ''
  const shown = shownUrl(url)
  if (networkCodes.has(code)) {
    return new TransientError('SOURCE_UNREACHABLE', `The connection to ${shown} failed (${code}).`, {
      hint: 'Check the network, the host name, and HTTPS_PROXY when there is a proxy.',
      cause: error,
    })
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|EPROTO|ERR_SSL/.test(code)) {
    return new UserError('SOURCE_TLS', `The server of ${shown} could not prove who it is (${code}).`, {
      hint: 'When your organisation has its own certificate authority, add it to those that this machine trusts, or name its file in NODE_EXTRA_CA_CERTS.',
      cause: error,
    })
  }
  return error
}
