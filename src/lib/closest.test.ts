import { expect, test } from 'vitest'
import { closest, editDistance } from './closest.ts'

test.each([
  ['repositroies', 'repositories'],
  ['Packages', 'packages'],
  ['relase', 'release'],
  ['pakage', 'packages'],
])('"%s" is most likely "%s"', (written, meant) => {
  expect(closest(written, ['packages', 'release', 'repositories'])).toBe(meant)
})

test('nothing is suggested when nothing is near', () => {
  expect(closest('zebra', ['packages', 'release'])).toBeUndefined()
  expect(closest('x', [])).toBeUndefined()
})

test('insertions, deletions, substitutions and swaps cost one', () => {
  expect(editDistance('abc', 'abcd')).toBe(1)
  expect(editDistance('abc', 'ab')).toBe(1)
  expect(editDistance('abc', 'axc')).toBe(1)
  expect(editDistance('abc', 'acb')).toBe(1)
  expect(editDistance('', 'abc')).toBe(3)
})
