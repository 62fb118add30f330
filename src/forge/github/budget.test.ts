import { describe, expect, test } from 'vitest'
import { TransientError } from '../../errors.ts'
import { Budget, type Edge } from './budget.ts'

function clock() {
  let now = 1_000_000
  const waits: number[] = []
  const edge: Edge = {
    now: () => now,
    wait: async (delayMs) => {
      waits.push(delayMs)
      now += delayMs
    },
    random: () => 0,
  }
  return { edge, waits, now: () => now }
}

const { signal } = new AbortController()
const read = { isWrite: false, host: 'api.github.com', signal }
const write = { ...read, isWrite: true }

describe('the budget of a host', () => {
  test('a burst is free; then writes come at eighty a minute', async () => {
    const { edge, waits, now } = clock()
    const budget = new Budget(edge)
    const start = now()

    for (let count = 0; count < 80; count += 1) await budget.use(write, async () => undefined)
    expect(waits).toEqual([])
    for (let count = 0; count < 80; count += 1) await budget.use(write, async () => undefined)

    expect(now() - start).toBeGreaterThan(55_000)
    expect(now() - start).toBeLessThan(65_000)
  })

  test('reads come at nine hundred a minute', async () => {
    const { edge, now } = clock()
    const budget = new Budget(edge)
    const start = now()

    for (let count = 0; count < 1800; count += 1) await budget.use(read, async () => undefined)

    expect(now() - start).toBeGreaterThan(55_000)
    expect(now() - start).toBeLessThan(70_000)
  })

  test('a pause holds for everybody, and the longest one counts', async () => {
    const { edge, waits } = clock()
    const budget = new Budget(edge)
    budget.pause(30_000)
    budget.pause(5000)

    await Promise.all([budget.use(read, async () => undefined), budget.use(write, async () => undefined)])

    expect(Math.max(...waits)).toBe(30_000)
  })

  test('a long pause is not waited for, and nothing is sent', async () => {
    const budget = new Budget(clock().edge)
    budget.pause(3_600_000)
    let isSent = false

    const failure = await budget
      .use(read, async () => {
        isSent = true
      })
      .catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(TransientError)
    expect(failure).toMatchObject({ code: 'GITHUB_RATE_LIMIT', retryAfterMs: 3_600_000 })
    expect(isSent).toBe(false)
  })
})
