import type { Fault, GitHubSwitches, SeenRequest } from './faults.ts'

export interface ChanceOptions {
  /** The same number, the same requests: the same trouble. */
  readonly seed: number
  /** Part of the requests that something happens to, 0 to 1. */
  readonly share: number
  /** At most so many in a row for one operation, so that retries get through. */
  readonly inRowMax?: number
  readonly kinds?: readonly Fault[]
}

const usual: readonly Fault[] = [
  { kind: 'drop' },
  { kind: 'lost answer' },
  { kind: 'delay', ms: 20 },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 502 },
  { kind: 'answer', status: 429, headers: { 'retry-after': '0' } },
  { kind: 'secondary limit', retryAfter: 0 },
  { kind: 'bad gateway after success' },
  { kind: 'cut answer', bytes: 40 },
  { kind: 'cut request', bytes: 16 },
]

/** Trouble by chance, for the switch `fault`. Reads over git are left alone, as git does not try again. */
export function chanceFaults({
  seed,
  share,
  inRowMax = 2,
  kinds = usual,
}: ChanceOptions): GitHubSwitches['fault'] {
  const next = randomNumbers(seed)
  const inRow = new Map<string, number>()
  return ({ operation, method }: SeenRequest) => {
    if (operation === undefined || operation.startsWith('git')) return undefined
    const before = inRow.get(operation) ?? 0
    const fault = next() < share && before < inRowMax ? kinds[Math.floor(next() * kinds.length)] : undefined
    // There is no body that could be cut.
    const isVoid = fault?.kind === 'cut request' && method === 'GET'
    inRow.set(operation, fault === undefined || isVoid ? 0 : before + 1)
    return isVoid ? undefined : fault
  }
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
