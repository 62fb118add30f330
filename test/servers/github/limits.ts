import { Denial } from './exchange.ts'
import type { GitHubSwitches } from './faults.ts'

const secondaryMessage =
  'You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.'
const secondaryPage =
  'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits'

/** Said with 403 mostly, so that it looks like a missing permission. */
export function secondaryLimit(status: 403 | 429 = 403, retryAfterSeconds?: number): Denial {
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  return new Denial(status, secondaryMessage, { headers, documentation: secondaryPage })
}

/** What one may ask for in an hour, in a minute and at a time. */
export class Limits {
  readonly #switches: GitHubSwitches
  readonly #now: () => Date
  #writes: number[] = []
  #active = 0

  constructor(switches: GitHubSwitches, now: () => Date) {
    this.#switches = switches
    this.#now = now
  }

  /** Refuses a request, or counts it until it has been answered. */
  async during<Result>(method: string, work: () => Promise<Result>): Promise<Result> {
    this.#refusePrimary()
    if (this.#active >= this.#switches.concurrencyMax) throw secondaryLimit()
    if (method !== 'GET') this.#countWrite()
    this.#active += 1
    try {
      return await work()
    } finally {
      this.#active -= 1
    }
  }

  /** Answers 304 do not count. */
  count(status: number): void {
    if (status !== 304) this.#switches.rateLimit.remaining -= 1
  }

  headers(): { readonly [name: string]: string } {
    const { limit, remaining, resetAt } = this.#switches.rateLimit
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(Math.max(0, remaining)),
      'x-ratelimit-used': String(Math.min(limit, limit - remaining)),
      'x-ratelimit-reset': String(Math.ceil(resetAt.getTime() / 1000)),
      'x-ratelimit-resource': 'core',
    }
  }

  #refusePrimary(): void {
    const { rateLimit } = this.#switches
    const now = this.#now()
    if (now >= rateLimit.resetAt) {
      rateLimit.remaining = rateLimit.limit
      rateLimit.resetAt = new Date(now.getTime() + 3_600_000)
    }
    if (rateLimit.remaining <= 0) throw new Denial(403, 'API rate limit exceeded for user ID 1.')
  }

  #countWrite(): void {
    const now = this.#now().getTime()
    this.#writes = this.#writes.filter((time) => time > now - 60_000)
    const [first = now] = this.#writes
    if (this.#writes.length >= this.#switches.writesPerMinuteMax)
      throw secondaryLimit(403, Math.ceil((first + 60_000 - now) / 1000))
    this.#writes.push(now)
  }
}
