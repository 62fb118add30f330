import { expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { buildOfTag } from './tag-pattern.ts'

const counted = (tag: string, upstream: string) => {
  const config = { version: { declared: '1.5.2', build: '1' }, release: { tag } }
  // Only these two members are looked at.
  return { config: config as Config, upstream }
}

test.each([
  ['1.5.2-1', '1.5.2-12', '1.5.2', 12],
  ['v1.5.2-1', 'v1.5.2-3', '1.5.2', 3],
  ['packages/1.5.2-1/ket', 'packages/1.5.3-2/ket', '1.5.3', 2],
  ['v1.5.2-1', '1.5.2-3', '1.5.2', undefined],
  ['v1.5.2-1', 'v1.5.20-3', '1.5.2', undefined],
  ['v1.5.2-1', 'v1.5.2-rc1', '1.5.2', undefined],
  ['v1.5.2-1', 'v1.5.2-03', '1.5.2', undefined],
  ['nightly', 'nightly', '1.5.2', undefined],
])('where releases are tagged as %s, the tag %s is for %s the build %s', (pattern, tag, upstream, build) => {
  expect(buildOfTag(tag, counted(pattern, upstream))).toBe(build)
})
