import { expect, test } from 'vitest'
import { digestOf } from '../lib/digest.ts'
import { artifactsOf } from './artifacts.ts'

const made = (name: string, bytes: string) => ({
  artifacts: [{ name, kind: 'deb', digest: digestOf(bytes), sizeBytes: bytes.length }],
})

test('artifacts come in the order of the steps, and a skipped step has none', () => {
  const results = { a: made('a.deb', 'a'), b: made('b.deb', 'b') }

  expect(artifactsOf({ results }, ['b', 'skipped', 'a']).map(({ name }) => name)).toEqual(['b.deb', 'a.deb'])
})

test('the same bytes under one name are one artifact', () => {
  const results = { a: made('a.deb', 'a'), b: made('a.deb', 'a') }

  expect(artifactsOf({ results }, ['a', 'b'])).toHaveLength(1)
})

test('other bytes under one name are refused, because assets have no folders', () => {
  const results = { a: made('a.deb', 'a'), b: made('a.deb', 'b') }

  expect(() => artifactsOf({ results }, ['a', 'b'])).toThrow(
    expect.objectContaining({ code: 'ARTIFACT_NAME_TWICE' }),
  )
})
