import { TransientError, UserError } from '../../errors.ts'

/** What a request was for, in words for people. */
export interface Purpose {
  /** "pushing the layer sha256:… to registry.example.org/app" */
  readonly what: string
  readonly host: string
}

const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524])

/** An answer that the caller has no other use for. `body` is what the registry said, as far as it was read. */
export function statusError(
  status: number,
  body: string,
  retryAfter: string | undefined,
  { what, host }: Purpose,
): UserError | TransientError {
  const said = saidBy(body)
  if (transientStatuses.has(status)) {
    const wait = retryAfterMs(retryAfter)
    return new TransientError('OCI_REGISTRY_BUSY', `${host} answered ${status} to ${what}${said}`, {
      hint:
        status === 429
          ? 'The registry limits how often it is asked. Log in, or try again later.'
          : 'Try again later.',
      ...(wait !== undefined && { retryAfterMs: wait }),
    })
  }
  if (status === 401) {
    return new UserError('OCI_UNAUTHORIZED', `${host} wants other credentials for ${what}${said}`, {
      hint: `Log in with "docker login ${host}" or "podman login ${host}", or name the credentials in hawser.yaml below "registries".`,
    })
  }
  if (status === 403) {
    return new UserError('OCI_FORBIDDEN', `${host} does not allow ${what}${said}`, {
      hint: 'Give the account the right to read (pull) and write (push) in that repository.',
    })
  }
  if (status === 413) {
    return new UserError('OCI_TOO_LARGE', `${host} finds it too large: ${what}${said}`, {
      hint: 'A proxy before the registry limits the size of requests. Raise its limit.',
    })
  }
  return new UserError('OCI_REGISTRY', `${host} answered ${status} to ${what}${said}`, {
    hint: 'It is no registry, or it refuses what it was sent. Nothing that has a tag was changed.',
  })
}

/** Delta-seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfterMs(written: string | undefined): number | undefined {
  if (written === undefined) return undefined
  if (/^\d{1,9}$/.test(written.trim())) return Number(written) * 1000
  const date = Date.parse(written)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

const saidMax = 300

/** Distribution specification, "Error codes"; anything else as it is, cleaned. */
function saidBy(body: string): string {
  const clean = errorsIn(body)
    .map((text) => text.replaceAll(/\p{Cc}+/gu, ' ').trim())
    .filter((text) => text !== '')
    .join('; ')
  if (clean === '') return '.'
  return `: ${clean.length > saidMax ? `${clean.slice(0, saidMax)}…` : clean.replace(/\.?$/, '.')}`
}

function errorsIn(body: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(body)
    const list =
      typeof parsed === 'object' && parsed !== null && 'errors' in parsed ? parsed.errors : undefined
    if (!Array.isArray(list)) return [body]
    return list.map((one: unknown) => {
      const { code, message } = (typeof one === 'object' && one !== null ? one : {}) as {
        readonly code?: unknown
        readonly message?: unknown
      }
      return [code, message].filter((part) => typeof part === 'string' && part !== '').join(' ')
    })
  } catch {
    // Proxies answer with pages; their text says more than nothing.
    return [body.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')]
  }
}

const networkCodes =
  /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|HPE_|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP)/

/** A failure below HTTP. Anything that is none is thrown as it is. */
export function networkError(error: unknown, { what, host }: Purpose): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const { code } = error
  if (code === 'ENOTFOUND') {
    return new UserError('OCI_HOST_UNKNOWN', `There is no host "${host}", which was needed for ${what}.`, {
      hint: 'Check its spelling, and whether this machine can resolve names.',
      cause: error,
    })
  }
  if (code === 'EPROTO' || /SSL|TLS|CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return new UserError('OCI_TLS', `The connection to ${host} is not secure (${code}).`, {
      hint: 'Trust its certificate authority (NODE_EXTRA_CA_CERTS), or say "plainHttp: true" for a registry without TLS.',
      cause: error,
    })
  }
  if (!networkCodes.test(code)) return error
  return new TransientError('OCI_NETWORK', `The connection to ${host} broke (${code}) while ${what}.`, {
    hint: 'Check the network and whether the registry runs.',
    cause: error,
  })
}
