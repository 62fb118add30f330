import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { HashStateError, resumableAlgorithms, resumableHash } from './resumable-hash.ts'

const text = Buffer.from('a package index, '.repeat(37))

describe.each(resumableAlgorithms)('%s', (algorithm) => {
  const whole = createHash(algorithm).update(text).digest('hex')

  // Around a block of 64 and of 128 bytes, where what is kept of an unfinished block matters.
  test.each([0, 1, 63, 64, 65, 127, 128, 129, text.length])(
    'that is kept after %i bytes goes on to the digest that node:crypto gives',
    async (cut) => {
      const first = await resumableHash(algorithm)
      first.update(text.subarray(0, cut))

      const second = await resumableHash(algorithm, first.save())
      second.update(text.subarray(cut))

      expect(second.digest()).toBe(whole)
    },
  )

  test('goes on by itself after it was kept, and the kept state stays what it was', async () => {
    const hash = await resumableHash(algorithm)
    hash.update(text.subarray(0, 100))
    const state = hash.save()
    hash.update(text.subarray(100))
    expect(hash.digest()).toBe(whole)

    const again = await resumableHash(algorithm, state)
    expect(again.save()).toBe(state)
    again.update(text.subarray(100))
    expect(again.digest()).toBe(whole)
  })

  test('says of a damaged state that it cannot be gone on with', async () => {
    const state = Buffer.from((await resumableHash(algorithm)).save(), 'base64')
    const otherVersion = Buffer.from(state)
    otherVersion[0] = (otherVersion[0] ?? 0) ^ 0xff
    const damaged = [new Uint8Array(0), state.subarray(1), Buffer.concat([state, state]), otherVersion]

    for (const bytes of damaged) {
      const loading = resumableHash(algorithm, Buffer.from(bytes).toString('base64'))
      await expect(loading).rejects.toBeInstanceOf(HashStateError)
    }
  })
})

test('a state of one algorithm is none of another', async () => {
  const state = (await resumableHash('sha512')).save()

  await expect(resumableHash('sha256', state)).rejects.toBeInstanceOf(HashStateError)
})
