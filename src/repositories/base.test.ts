import { describe, expect, test } from 'vitest'
import { IndexSets } from './base.ts'

describe('sets of indexes', () => {
  test('have a number each, whatever the order and however often an index is named', () => {
    const sets = new IndexSets([])
    const first = sets.numberOf(['b', 'a'])

    expect(sets.numberOf(['a', 'b'])).toBe(first)
    expect(sets.numberOf(new Set(['a', 'b']))).toBe(first)
    expect(sets.numberOf(['a', 'b', 'a'])).toBe(first)
    expect(sets.sets[first]).toEqual(['a', 'b'])
  })

  test('begin with the empty one', () => {
    const sets = new IndexSets([])

    expect(sets.numberOf([])).toBe(0)
    expect(sets.numberOf(['a'])).toBe(1)
  })

  test('keep the numbers that a record of an earlier generation gave them', () => {
    const before = new IndexSets([])
    const numbers = [['b'], ['a', 'b'], ['a']].map((names) => before.numberOf(names))

    const after = new IndexSets(before.sets)

    expect(after.numberOf(['b', 'a'])).toBe(numbers[1])
    expect(after.numberOf(['c'])).toBe(4)
    expect(after.sets.slice(0, 4)).toEqual(before.sets)
  })

  test('are not added to what they were made from', () => {
    const known = [[], ['a']]

    new IndexSets(known).numberOf(['b'])

    expect(known).toEqual([[], ['a']])
  })

  test('of names that hold each other are told apart', () => {
    const sets = new IndexSets([])

    expect(sets.numberOf(['a', 'bc'])).not.toBe(sets.numberOf(['ab', 'c']))
  })
})
