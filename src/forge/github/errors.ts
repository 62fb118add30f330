import { z } from 'zod'
import { TransientError, UserError } from '../../errors.ts'
import { LostAnswer } from './http.ts'

/** An answer of GitHub that is no success, as far as its fate depends on it. */
export interface Refused {
  readonly status: number
  readonly headers: { readonly [name: string]: unknown }
  readonly data: unknown
}

/** What a request was for, in words for people, and where. */
export interface Purpose {
  /** "creating the tag "1.2.0"" */
  readonly what: string
  readonly repository: string
  readonly host: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** GitHub answered, and said no. */
export class GitHubError extends UserError {
  readonly status: number
  /** What was to be created is there already. */
  readonly isThere: boolean
  /** What was to be changed or removed is not there. */
  readonly isAbsent: boolean

  constructor(
    code: string,
    message: string,
    hint: string,
    answer: { status: number; isThere?: boolean; isAbsent?: boolean },
  ) {
    super(code, message, { hint })
    this.status = answer.status
    this.isThere = answer.isThere ?? false
    this.isAbsent = answer.isAbsent ?? answer.status === 404
  }
}

const transientStatuses = new Set([408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524])
const minuteMs = 60_000

/** GitHub's REST API: "Troubleshooting", "Rate limits", "Best practices". */
export function answerError(answer: Refused, purpose: Purpose): Error {
  const { status } = answer
  const { what, host } = purpose
  const said = saidIn(answer.data)
  const pauseMs = rateLimitPauseMs(answer, purpose.now)
  if (pauseMs !== undefined) return rateLimited(pauseMs, said.text, purpose)
  if (transientStatuses.has(status)) {
    return new LostAnswer('GITHUB_BUSY', `${host} answered ${status} to ${what}${said.text}`, {
      hint: 'Hawser tries again, and looks first what was done. See https://www.githubstatus.com.',
    })
  }
  if (status === 401) return badToken(said.text, purpose)
  if (status === 403) return forbidden(answer, said.text, purpose)
  if (status === 404 || status === 410) return notFound(status, purpose)
  if (status >= 300 && status < 400) return moved(status, purpose)
  if (status === 409) return conflict(said.text, purpose)
  if (status === 422) return invalid(said, purpose)
  const hint =
    status === 451
      ? 'The repository is blocked for legal reasons. Ask GitHub support.'
      : 'Check forge.github.baseUrl: it must be the address of the REST API. A proxy may also answer in its place.'
  return new GitHubError('GITHUB_ANSWER', `${host} answered ${status} to ${what}${said.text}`, hint, {
    status,
  })
}

/**
 * How long to stay away, when the answer is about a rate limit: the primary one (x-ratelimit-remaining is 0) or a secondary
 * one, which comes as 403 or 429, and not always with Retry-After. Then the documentation asks for a minute.
 */
export function rateLimitPauseMs({ status, headers, data }: Refused, now: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined
  const after = headerOf(headers, 'retry-after')
  if (after !== undefined) return Math.max(0, retryAfterMs(after, now) ?? minuteMs)
  if (headerOf(headers, 'x-ratelimit-remaining') === '0') {
    const reset = Number(headerOf(headers, 'x-ratelimit-reset'))
    return Number.isFinite(reset) && reset > 0 ? Math.max(1000, reset * 1000 - now + 1000) : minuteMs
  }
  const text = saidIn(data).text
  // Only its words tell this one from a missing permission.
  const isLimit = /secondary rate limit|abuse detection|rate limit exceeded/i.test(text)
  return status === 429 || isLimit ? minuteMs : undefined
}

/** Delta-seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfterMs(written: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(written.trim())) return Number(written) * 1000
  const date = Date.parse(written)
  return Number.isNaN(date) ? undefined : date - now
}

function rateLimited(pauseMs: number, said: string, { host, what }: Purpose): TransientError {
  const seconds = Math.ceil(pauseMs / 1000)
  return new TransientError('GITHUB_RATE_LIMIT', `${host} limits how often it is asked, at ${what}${said}`, {
    hint: `Nothing was changed. It may be asked again in ${seconds} s. A GitHub App has a higher limit than a token of a person or of a workflow.`,
    retryAfterMs: pauseMs,
  })
}

function badToken(said: string, { host, what }: Purpose): GitHubError {
  return new GitHubError(
    'GITHUB_TOKEN',
    `${host} does not know the token, or it has expired, at ${what}${said}`,
    'Make a new token, and put it where forge.github.token (or GITHUB_TOKEN) says.',
    { status: 401 },
  )
}

function forbidden(answer: Refused, said: string, { host, what, repository }: Purpose): GitHubError {
  const sso = headerOf(answer.headers, 'x-github-sso')
  const accepted = headerOf(answer.headers, 'x-accepted-github-permissions')
  let hint = `Give the token the permission on ${repository}: "Contents: write", and "Pull requests", "Commit statuses" or "Actions" where these are used.`
  if (accepted !== undefined)
    hint = `Give the token, or the app, this permission on ${repository}: ${accepted}.`
  if (sso !== undefined) hint = 'Authorize the token for single sign-on (SAML) of the organization.'
  if (/archived/i.test(said))
    hint = 'The repository is archived, so nobody can write to it. Unarchive it first.'
  if (/immutable/i.test(said)) hint = 'An immutable release never changes. Choose the next version.'
  return new GitHubError('GITHUB_FORBIDDEN', `${host} does not allow ${what}${said}`, hint, { status: 403 })
}

function notFound(status: number, { what, repository }: Purpose): GitHubError {
  return new GitHubError(
    'GITHUB_NOT_FOUND',
    `GitHub answered ${status} to ${what} in ${repository}: it is not there, or the token may not do this.`,
    'GitHub says "not found" also where a permission is missing. Check the permissions of the token.',
    { status },
  )
}

function moved(status: number, { repository, what }: Purpose): GitHubError {
  return new GitHubError(
    'GITHUB_REPOSITORY_MOVED',
    `The repository "${repository}" was renamed or transferred, seen at ${what}.`,
    'Write its new name in forge.github.repository: a write must not follow a redirect.',
    { status },
  )
}

function conflict(said: string, { what, repository }: Purpose): GitHubError {
  const isEmpty = /empty/i.test(said)
  return new GitHubError(
    isEmpty ? 'GITHUB_REPOSITORY_EMPTY' : 'GITHUB_CONFLICT',
    `GitHub answered "conflict" to ${what} in ${repository}${said}`,
    isEmpty ? 'Push a first commit.' : 'Look at its state there, then run the same command again.',
    { status: 409 },
  )
}

function invalid(said: Said, { what, repository }: Purpose): GitHubError {
  const isThere = said.codes.includes('already_exists') || /already exists/i.test(said.text)
  const isAbsent = said.codes.includes('missing') || /does not exist|no commit found/i.test(said.text)
  const isImmutable = /immutable/i.test(said.text)
  return new GitHubError(
    isImmutable ? 'GITHUB_IMMUTABLE' : 'GITHUB_INVALID',
    `GitHub does not accept ${what} in ${repository}${said.text}`,
    isImmutable
      ? 'An immutable release never changes, and its tag is never used again. Choose the next version.'
      : 'Repair what GitHub says, then run the same command again. A rule of the repository may forbid it, too.',
    { status: 422, isThere, isAbsent },
  )
}

interface Said {
  /** ": …." or "." */
  readonly text: string
  readonly codes: readonly string[]
}

const errorBody = z.object({
  message: z.string().optional(),
  errors: z
    .array(
      z.union([
        z.string(),
        z.object({
          code: z.string().optional(),
          message: z.string().nullish(),
          field: z.string().nullish(),
          resource: z.string().nullish(),
        }),
      ]),
    )
    .optional()
    .catch(undefined),
})

function saidIn(data: unknown): Said {
  const parsed = errorBody.safeParse(data)
  if (!parsed.success)
    return { text: clean(typeof data === 'string' ? data.replaceAll(/<[^>]*>/g, ' ') : ''), codes: [] }
  const { message = '', errors = [] } = parsed.data
  const details = errors.map((error) =>
    typeof error === 'string'
      ? error
      : (error.message ?? [error.resource, error.field, error.code].filter(Boolean).join(' ')),
  )
  const codes = errors.flatMap((error) =>
    typeof error === 'string' || error.code === undefined ? [] : [error.code],
  )
  return { text: clean([message, ...details].filter((text) => text !== '').join('; ')), codes }
}

const saidMax = 300

function clean(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  if (line === '') return '.'
  return `: ${line.length > saidMax ? `${line.slice(0, saidMax)}…` : line.replace(/\.?$/, '.')}`
}

function headerOf(headers: Refused['headers'], name: string): string | undefined {
  const value = headers[name]
  return value === undefined || value === null ? undefined : String(value)
}
