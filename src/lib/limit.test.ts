import { expect, test } from 'vitest'
import { mapLimited } from './limit.ts'

const never = new AbortController().signal
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('results keep the order of the items while at most so many run', async () => {
  let running = 0
  let most = 0

  const results = await mapLimited(
    [5, 1, 4, 2, 3],
    2,
    async (turns, _signal, index) => {
      running += 1
      most = Math.max(most, running)
      for (let done = 0; done < turns; done += 1) await turn()
      running -= 1
      return `${index}:${turns}`
    },
    never,
  )

  expect(results).toEqual(['0:5', '1:1', '2:4', '3:2', '4:3'])
  expect(most).toBe(2)
})

test('the first failure stops the others, and is thrown when they have settled', async () => {
  const started: number[] = []
  let settled = false
  const failing = mapLimited(
    [0, 1, 2, 3],
    2,
    async (item, signal) => {
      started.push(item)
      if (item === 0) throw new Error('first')
      while (!signal.aborted) await turn()
      settled = true
      throw new Error('second')
    },
    never,
  )

  await expect(failing).rejects.toThrow('first')
  expect(settled).toBe(true)
  expect(started).toEqual([0, 1])
})

test('an abort from outside is thrown with its reason', async () => {
  const stop = new AbortController()
  stop.abort(new Error('cancelled'))

  await expect(mapLimited([1], 1, async () => 1, stop.signal)).rejects.toThrow('cancelled')
})

test('results may be undefined, and no items give no results', async () => {
  expect(await mapLimited([1, 2], 5, async () => undefined, never)).toEqual([undefined, undefined])
  expect(await mapLimited([], 5, async () => 1, never)).toEqual([])
})
