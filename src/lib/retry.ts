import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../errors.ts'

export interface RetryOptions {
  readonly attemptsMax: number
  readonly firstDelayMs: number
  readonly delayMaxMs: number
  /** The longest pause that the other side may ask for; a longer one ends the attempts. Five minutes when not given. */
  readonly retryAfterMaxMs?: number
  readonly signal: AbortSignal
  /** 0 up to 1, as Math.random. */
  readonly random: () => number
  readonly onRetry?: (retry: { error: TransientError; attempt: number; delayMs: number }) => void
  /** How to wait; tests give their own. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<void>
}

/** Repeats an operation that failed with a TransientError. Any other error, and the last one, is thrown as it is. */
export async function retryTransient<Result>(
  operation: (attempt: number) => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const wait = options.wait ?? waitFor
  for (let attempt = 1; ; attempt += 1) {
    options.signal.throwIfAborted()
    try {
      return await operation(attempt)
    } catch (error) {
      if (!(error instanceof TransientError) || attempt >= options.attemptsMax) throw error
      const delayMs = delayBefore(attempt, error.retryAfterMs, options)
      if (delayMs === undefined) throw error
      options.onRetry?.({ error, attempt, delayMs })
      await wait(delayMs, options.signal)
    }
  }
}

/** Doubles each time; half of it is random, so that many clients do not come back together. */
function delayBefore(
  attempt: number,
  retryAfterMs: number | undefined,
  options: RetryOptions,
): number | undefined {
  const { firstDelayMs, delayMaxMs, retryAfterMaxMs = 5 * 60_000, random } = options
  const full = Math.min(delayMaxMs, firstDelayMs * 2 ** (attempt - 1))
  const delayMs = Math.round(full / 2 + (full / 2) * random())
  if (retryAfterMs === undefined) return delayMs
  return retryAfterMs > retryAfterMaxMs ? undefined : Math.max(delayMs, retryAfterMs)
}

async function waitFor(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal })
}
