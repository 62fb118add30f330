import { TransientError, UserError } from '../../errors.ts'
import type { Connection } from './connection.ts'

/** The permission that a call needs. */
export type S3Action =
  | 's3:GetObject'
  | 's3:PutObject'
  | 's3:DeleteObject'
  | 's3:ListBucket'
  | 's3:ListMultipartUploads'

/** There is no such object, upload or part: an answer, not a failure. */
export class S3Absent extends Error {
  override readonly name = 'S3Absent'
}

/** A condition of the request does not hold. */
export class S3Conflict extends Error {
  override readonly name = 'S3Conflict'
}

/** The service does not know this request, or this header. */
export class S3Unsupported extends Error {
  override readonly name = 'S3Unsupported'
}

interface Answer {
  readonly name: string
  readonly message: string
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
}

interface Subject {
  readonly action: S3Action
  readonly path: string
  readonly connection: Connection
}

/** What a failed call means, by the class of the failure. */
export function failureOf(error: unknown, subject: Subject): unknown {
  const answer = answerOf(error)
  if (answer === undefined) return error
  return answered(answer, subject, error) ?? repairable(answer, subject, error)
}

function answered(
  { name, status, message, retryAfterMs }: Answer,
  { connection, path, action }: Subject,
  cause: unknown,
) {
  if (name === 'NoSuchBucket') return undefined
  if (status === 404 || absences.has(name)) return new S3Absent(name, { cause })
  if (status === 412 || name === 'ConditionalRequestConflict') return new S3Conflict(name, { cause })
  if (status === 501 || name === 'NotImplemented') return new S3Unsupported(`${name}: ${message}`, { cause })
  const isTransient =
    status === undefined
      ? isNetworkFailure(name)
      : status >= 500 || status === 429 || status === 409 || transients.has(name)
  if (!isTransient) return undefined
  const options = { cause, hint: 'It is tried again; if it goes on, look at the state of the service.' }
  return new TransientError(
    'S3_UNAVAILABLE',
    `${connection.location}${path}: ${verbs[action]} failed: ${status ?? ''} ${name}`.replace(/ {2,}/g, ' '),
    retryAfterMs === undefined ? options : { ...options, retryAfterMs },
  )
}

const verbs: Record<S3Action, string> = {
  's3:GetObject': 'reading',
  's3:PutObject': 'writing',
  's3:DeleteObject': 'deleting',
  's3:ListBucket': 'listing',
  's3:ListMultipartUploads': 'listing uploads',
}

const absences = new Set(['NoSuchKey', 'NotFound', 'NoSuchUpload'])

const transients = new Set([
  'SlowDown',
  'RequestTimeout',
  'InternalError',
  'ServiceUnavailable',
  'OperationAborted',
  'ThrottlingException',
  'TimeoutError',
])

// What Node says of connections, and the SDK of answers that broke off.
const isNetworkFailure = (name: string): boolean =>
  /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR|TimeoutError|AbortError|SyntaxError|IncompleteBody)/.test(
    name,
  )

// A HEAD has no body that names the reason.
const denials = new Set(['AccessDenied', 'AllAccessDisabled', 'Forbidden', 'Unknown', '403', 'HTTP 403'])

/** What a person has to repair. */
function repairable(
  { name, status, message }: Answer,
  { action, connection, path }: Subject,
  cause: unknown,
): UserError {
  const { bucket, location, region } = connection
  const fail = (code: string, text: string, hint: string): UserError =>
    new UserError(code, text, { hint, cause })
  if (name === 'NoSuchBucket') {
    return fail(
      'S3_BUCKET',
      `There is no bucket "${bucket}" (${location}).`,
      'Make it, or check "bucket" and "endpoint".',
    )
  }
  if (name === 'CredentialsProviderError') {
    return fail(
      'S3_NO_CREDENTIALS',
      `There are no credentials for ${location}.`,
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine or the CI job a role.',
    )
  }
  if (name === 'RequestTimeTooSkewed' || name === 'RequestExpired') {
    return fail(
      'S3_CLOCK',
      `${location} refuses the request: the clock of this machine is wrong.`,
      'Set the clock (NTP), and run it again.',
    )
  }
  if (
    [
      'InvalidAccessKeyId',
      'SignatureDoesNotMatch',
      'ExpiredToken',
      'InvalidToken',
      'TokenRefreshRequired',
    ].includes(name)
  ) {
    return fail(
      'S3_CREDENTIALS',
      `${location} does not accept the credentials: ${name}.`,
      'Check the access key, its secret and the session token; they may have expired.',
    )
  }
  if (
    status === 301 ||
    status === 307 ||
    name === 'PermanentRedirect' ||
    name === 'AuthorizationHeaderMalformed'
  ) {
    return fail(
      'S3_REGION',
      `The bucket "${bucket}" is not in the region "${region}".`,
      'Set "region" to that of the bucket; with another service than AWS, check "endpoint" as well.',
    )
  }
  if (status === 403 && denials.has(name)) {
    return fail(
      'S3_DENIED',
      `${location}${path}: the credentials may not do this (${action}).`,
      action === 's3:GetObject'
        ? `Allow s3:GetObject on arn:aws:s3:::${bucket}/*, and s3:ListBucket on arn:aws:s3:::${bucket}: without it the service answers the same for what does not exist.`
        : `Allow ${action} on arn:aws:s3:::${bucket}${action === 's3:PutObject' || action === 's3:DeleteObject' ? '/*' : ''}; a policy of the bucket may forbid it, too.`,
    )
  }
  if (status === undefined && ['ENOTFOUND', 'ERR_INVALID_URL'].includes(name)) {
    return fail(
      'S3_ENDPOINT',
      `The service of ${location} cannot be found (${connection.endpoint ?? `region ${region}`}).`,
      'Check "endpoint" and "region", and that this machine reaches the network.',
    )
  }
  return fail(
    'S3_REFUSED',
    `${location}${path}: the service refuses ${verbs[action]}: ${status ?? ''} ${name}: ${message}`,
    'Look up this answer in the manual of the service.',
  )
}

/** Undefined: not from the service or the way to it, so a bug of ours. */
function answerOf(error: unknown): Answer | undefined {
  if (!(error instanceof Error)) return undefined
  const { $metadata, $response, code, cause } = error as Error & {
    $metadata?: { httpStatusCode?: number }
    $response?: { statusCode?: number; headers?: Record<string, string | undefined> }
    code?: unknown
  }
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  const errno = typeof code === 'string' ? code : codeOf(cause)
  // The SDK gives the parser's error when an answer is no XML, as of a proxy on the way.
  if (status === undefined && errno === undefined && !knownNames.has(error.name)) return undefined
  const after = Number($response?.headers?.['retry-after'])
  return {
    name: errno !== undefined && status === undefined ? errno : nameOf(error, status),
    message: error.message,
    status,
    retryAfterMs: Number.isFinite(after) && after > 0 ? after * 1000 : undefined,
  }
}

const knownNames = new Set(['CredentialsProviderError', 'TimeoutError', 'IncompleteBody'])

const nameOf = ({ name }: Error, status: number | undefined): string =>
  name === 'Error' || name === 'UnknownError' ? `HTTP ${status ?? 'answer'}` : name

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}
