import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../../errors.ts'
import { Slots } from '../../lib/slots.ts'

/** The world's clock and dice; tests give their own. */
export interface Edge {
  now(): number
  wait(delayMs: number, signal: AbortSignal): Promise<void>
  /** 0 up to 1, as Math.random. */
  random(): number
}

export const realEdge: Edge = {
  now: () => Date.now(),
  wait: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
  random: Math.random,
}

/** GitHub allows 100 requests at once; people and other jobs share that with us. */
const parallelMax = 8
/** Longer pauses are the engine's: it records them, and holds no process for them. */
const pauseMaxMs = 60_000
/** "Rate limits for the REST API", secondary: 900 points a minute, a read is 1 and a write 5; 80 writes a minute. */
const limits = { points: 900, writes: 80 }

/** Everything that this process asks of one host goes through one of these. */
export class Budget {
  readonly #edge: Edge
  readonly #slots = new Slots(parallelMax)
  readonly #points: Bucket
  readonly #writes: Bucket
  #pausedUntil = 0

  constructor(edge: Edge) {
    this.#edge = edge
    this.#points = new Bucket(limits.points, edge.now())
    this.#writes = new Bucket(limits.writes, edge.now())
  }

  async use<Result>(
    { isWrite, host, signal }: { isWrite: boolean; host: string; signal: AbortSignal },
    work: () => Promise<Result>,
  ): Promise<Result> {
    const delayMs = Math.max(
      this.#points.take(isWrite ? 5 : 1, this.#edge.now()),
      isWrite ? this.#writes.take(1, this.#edge.now()) : 0,
    )
    if (delayMs > 0) await this.#edge.wait(delayMs, signal)
    return this.#slots.use(async () => {
      await this.#paused(host, signal)
      return work()
    }, signal)
  }

  /** Nobody asks before this moment. */
  pause(pauseMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#edge.now() + pauseMs)
  }

  async #paused(host: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const restMs = this.#pausedUntil - this.#edge.now()
      if (restMs <= 0) return
      if (restMs > pauseMaxMs) throw limitReached(host, restMs)
      await this.#edge.wait(restMs, signal)
    }
  }
}

function limitReached(host: string, restMs: number): TransientError {
  return new TransientError(
    'GITHUB_RATE_LIMIT',
    `${host} asked to stay away for another ${Math.ceil(restMs / 1000)} s.`,
    { hint: 'Nothing was sent. The run goes on by itself after that.', retryAfterMs: restMs },
  )
}

/** So many a minute, and as many at once. */
class Bucket {
  readonly #perMinute: number
  #level: number
  #at: number

  constructor(perMinute: number, now: number) {
    this.#perMinute = perMinute
    this.#level = perMinute
    this.#at = now
  }

  /** Takes them, and tells how long to wait before they may be used. */
  take(count: number, now: number): number {
    const perMs = this.#perMinute / 60_000
    this.#level = Math.min(this.#perMinute, this.#level + Math.max(0, now - this.#at) * perMs)
    this.#at = Math.max(this.#at, now)
    this.#level -= count
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / perMs)
  }
}
