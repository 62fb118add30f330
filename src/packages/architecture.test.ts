import { expect, test } from 'vitest'
import {
  architectureFinding,
  architectures,
  canonicalArchitecture,
  knownArchitecture,
} from './architecture.ts'
import { rpmArchitecture } from './rpm/architecture.ts'

test.each([
  ['amd64', 'amd64', 'x86_64'],
  ['x64', 'amd64', 'x86_64'],
  ['x86_64', 'amd64', 'x86_64'],
  ['AArch64', 'arm64', 'aarch64'],
  ['armv7hl', 'armhf', 'armv7hl'],
  ['i686', 'i386', 'i686'],
  ['ppc64le', 'ppc64el', 'ppc64le'],
  ['noarch', 'all', 'noarch'],
])('%s is %s for Debian and %s for rpm', (word, deb, rpm) => {
  expect(knownArchitecture(word)).toBe(deb)
  expect(rpmArchitecture(word)).toBe(rpm)
})

test('no spelling means two architectures', () => {
  const spellings = Object.entries(architectures).flatMap(([name, { aliases }]) => [name, ...aliases])

  expect(spellings).toEqual([...new Set(spellings)])
})

test("rpm's own words are understood everywhere", () => {
  for (const name of Object.keys(architectures)) {
    expect(canonicalArchitecture(rpmArchitecture(name))).toBe(name)
  }
})

test('an unknown word is a finding that lists the known ones', () => {
  expect(canonicalArchitecture('pdp11')).toBeUndefined()
  expect(architectureFinding('pdp11')?.hint).toContain('amd64, arm64')
  expect(architectureFinding('x86_64')?.hint).toBe('Write "amd64" instead.')
  expect(architectureFinding('amd64')).toBeUndefined()
})

test('a member of every object is not an architecture', () => {
  expect(canonicalArchitecture('constructor')).toBeUndefined()
})
