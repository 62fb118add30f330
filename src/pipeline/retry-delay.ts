import { digestOf, hexOf } from '../lib/digest.ts'
import type { RetryPolicy } from './plan.ts'

/**
 * Doubles from the first delay up to the largest, less up to a quarter, so that steps that failed together do not come
 * back together. The jitter is a hash of `seed`: the same run decides the same when it is replayed.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, seed: string): number {
  const full = Math.min(policy.delayMaxMs, policy.firstDelayMs * 2 ** (attempt - 1))
  const fraction = Number.parseInt(hexOf(digestOf(`${seed} ${attempt}`)).slice(0, 8), 16) / 0xffffffff
  return Math.round(full * (1 - fraction / 4))
}
