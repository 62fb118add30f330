import { expect, test } from 'vitest'
import { TransientError, UserError } from '../errors.ts'
import { type RetryOptions, retryTransient } from './retry.ts'

function recorded(more: Partial<RetryOptions> = {}): RetryOptions & { readonly delays: number[] } {
  const delays: number[] = []
  return {
    attemptsMax: 4,
    firstDelayMs: 100,
    delayMaxMs: 300,
    signal: new AbortController().signal,
    random: () => 1,
    wait: async (delayMs) => {
      delays.push(delayMs)
    },
    delays,
    ...more,
  }
}

const busy = (retryAfterMs?: number): TransientError =>
  new TransientError('BUSY', 'The server is busy.', retryAfterMs === undefined ? {} : { retryAfterMs })

test('a transient failure is repeated with growing, limited delays until it succeeds', async () => {
  const options = recorded()
  const attempts: number[] = []

  const result = await retryTransient(async (attempt) => {
    attempts.push(attempt)
    if (attempt < 4) throw busy()
    return 'done'
  }, options)

  expect(result).toBe('done')
  expect(attempts).toEqual([1, 2, 3, 4])
  expect(options.delays).toEqual([100, 200, 300])
})

test('half of each delay is random', async () => {
  const options = recorded({ random: () => 0 })

  await expect(retryTransient(() => Promise.reject(busy()), options)).rejects.toThrow('busy')

  expect(options.delays).toEqual([50, 100, 150])
})

test('the last failure is thrown, and every earlier one is reported', async () => {
  const reports: string[] = []
  const options = recorded({
    attemptsMax: 2,
    onRetry: ({ error, attempt, delayMs }) => reports.push(`${error.code} ${attempt} ${delayMs}`),
  })

  await expect(retryTransient(() => Promise.reject(busy()), options)).rejects.toBeInstanceOf(TransientError)

  expect(reports).toEqual(['BUSY 1 100'])
})

test('other failures are not repeated', async () => {
  let calls = 0
  const failing = retryTransient(async () => {
    calls += 1
    throw new UserError('NO', 'No.')
  }, recorded())

  await expect(failing).rejects.toBeInstanceOf(UserError)
  expect(calls).toBe(1)
})

test('the pause that the other side asks for is kept, unless it is longer than the limit', async () => {
  const patient = recorded({ attemptsMax: 2 })
  await expect(retryTransient(() => Promise.reject(busy(5000)), patient)).rejects.toThrow()
  expect(patient.delays).toEqual([5000])

  const hurried = recorded({ retryAfterMaxMs: 1000 })
  await expect(retryTransient(() => Promise.reject(busy(5000)), hurried)).rejects.toThrow()
  expect(hurried.delays).toEqual([])
})

test('an abort ends a wait at once', async () => {
  const stop = new AbortController()
  const { wait: _, ...options } = recorded({
    firstDelayMs: 3_600_000,
    delayMaxMs: 3_600_000,
    signal: stop.signal,
  })

  const waiting = retryTransient(() => Promise.reject(busy()), {
    ...options,
    onRetry: () => queueMicrotask(() => stop.abort()),
  })

  await expect(waiting).rejects.toHaveProperty('name', 'AbortError')
})
