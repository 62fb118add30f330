import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

test('so many at a time, in the order of coming, also after failures', async () => {
  const slots = new Slots(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const work = (number: number, fails: boolean) =>
    slots.use(async () => {
      begun.push(number)
      await new Promise<void>((resolve) => ends.push(resolve))
      if (fails) throw new Error(`number ${number}`)
    })
  const all = [work(1, true), work(2, false), work(3, false), work(4, false)]
  const settled = Promise.allSettled(all)

  await new Promise(setImmediate)
  expect(begun).toEqual([1, 2])
  ends[0]?.()
  await new Promise(setImmediate)
  expect(begun).toEqual([1, 2, 3])
  for (let index = 1; index < 4; index++) {
    ends[index]?.()
    await new Promise(setImmediate)
  }
  expect((await settled).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
})

test('who is called off while waiting leaves its place to the next', async () => {
  const slots = new Slots(1)
  let end = (): void => undefined
  const first = slots.use(() => new Promise<void>((resolve) => (end = resolve)))
  const stop = new AbortController()
  const second = slots.use(async () => 'second', stop.signal)
  const third = slots.use(async () => 'third')

  stop.abort(new Error('called off'))

  await expect(second).rejects.toThrow('called off')
  end()
  await first
  expect(await third).toBe('third')
})
