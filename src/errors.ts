/** What every typed failure carries; only `main.ts` prints it. */
export interface FailureOptions {
  /** What the reader does next. Whole sentences. */
  readonly hint?: string
  readonly cause?: unknown
}

/** Exit codes are API (docs/exit-codes.md). */
export const exitCodes = {
  done: 0,
  failed: 1,
  repair: 2,
  waiting: 3,
  rejected: 4,
  refused: 5,
  bug: 70,
} as const

/** The reader can repair it: config, credentials, checkout, permissions. Exit 2. */
export class UserError extends Error {
  override readonly name: string = 'UserError'
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}

/** Network, rate limit, lock: the engine tries again. Exit 1 when it gives up. */
export class TransientError extends Error {
  override readonly name: string = 'TransientError'
  readonly code: string
  readonly hint: string | undefined
  /** The earliest useful next attempt, when the other side said so. */
  readonly retryAfterMs: number | undefined

  constructor(code: string, message: string, options: FailureOptions & { retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Policy forbids it: it would shrink, swap or overwrite, or the world moved. Exit 5. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}

/** The text that people see: code, what happened, what to do. One place, so that golden files and the CLI agree. */
export function failureText(error: unknown): string {
  if (error instanceof UserError || error instanceof TransientError || error instanceof Refusal) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint.replaceAll('\n', '\n  ')}`
    return `${error.code}: ${error.message}${hint}`
  }
  return `HAWSER_BUG: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}
