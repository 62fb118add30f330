import type { RetryOptions } from '../lib/retry.ts'
import type { SourceContext } from './source.ts'

/** Short, since the engine tries again later when this is not enough. */
export function sourceRetry({ onRetry, wait }: SourceContext, signal: AbortSignal): RetryOptions {
  return {
    attemptsMax: 5,
    firstDelayMs: 500,
    delayMaxMs: 10_000,
    signal,
    random: Math.random,
    onRetry: ({ error, delayMs }) =>
      onRetry?.(`${error.message} Trying again in ${(delayMs / 1000).toFixed(1)} s.`),
    ...(wait === undefined ? {} : { wait }),
  }
}
