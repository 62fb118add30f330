import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { PathTable } from './path-table.ts'

const pathOf = (number: number): string => `pool/main/p/package-${number}_1.0-1_amd64.deb`

test('it answers as a Map does, through many times of growing', () => {
  const table = new PathTable(4)
  const map = new Map<string, number>()
  for (let number = 0; number < 5000; number++) {
    const path = pathOf((number * 7919) % 3001)
    expect(table.add(path, number).isNew).toBe(!map.has(path))
    if (!map.has(path)) map.set(path, number)
  }

  expect(table.count).toBe(map.size)
  for (let number = 0; number < 3500; number++) {
    const row = table.find(pathOf(number))
    expect(row === undefined ? undefined : table.size(row)).toBe(map.get(pathOf(number)))
  }
})

test('paths that want the same row of a small table are told apart', () => {
  const capacity = 16
  const firstRow = (path: string) => createHash('sha256').update(path).digest().readUInt32LE(0) % capacity
  // All want the last row, so that the search also goes on at the beginning of the table.
  const paths = Array.from({ length: 400 }, (_, number) => pathOf(number))
    .filter((path) => firstRow(path) === capacity - 1)
    .slice(0, 6)
  const table = new PathTable(capacity)

  const rows = paths.map((path, index) => table.add(path, index).row)

  expect(paths).toHaveLength(6)
  expect(rows).toEqual([15, 0, 1, 2, 3, 4])
  expect(paths.map((path) => table.find(path))).toEqual(rows)
  expect(rows.map((row) => table.size(row))).toEqual([0, 1, 2, 3, 4, 5])
})

test('what is added again keeps its first size and its marks', () => {
  const table = new PathTable()
  const { row } = table.add('a', 7)
  table.mark(row, 2)

  const again = table.add('a', 9)

  expect(again).toEqual({ row, isNew: false })
  expect(table.size(row)).toBe(7)
  expect(table.isMarked(row, 2)).toBe(true)
})

test('marks are independent of each other, are counted, and move with their paths when the table grows', () => {
  const table = new PathTable(4)
  for (let number = 0; number < 300; number++) {
    const { row } = table.add(pathOf(number), number)
    if (number % 2 === 0) table.mark(row, 1)
    if (number % 3 === 0) table.mark(row, 2)
  }

  expect([table.countMarked(1), table.countMarked(2), table.countMarked(4), table.countMarked(3)]).toEqual([
    150, 100, 0, 200,
  ])
  for (let number = 0; number < 300; number++) {
    const row = table.find(pathOf(number)) ?? -1
    expect([table.isMarked(row, 1), table.isMarked(row, 2)]).toEqual([number % 2 === 0, number % 3 === 0])
  }
})

test('sizes beyond 32 bits are kept', () => {
  const table = new PathTable()
  const { row } = table.add('large', 5 * 2 ** 40)

  expect(table.size(row)).toBe(5 * 2 ** 40)
})

test('an empty table has nothing', () => {
  const table = new PathTable()

  expect(table.find('')).toBeUndefined()
  expect([table.count, table.countMarked(0xff)]).toEqual([0, 0])
})
