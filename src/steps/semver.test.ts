import { expect, test } from 'vitest'
import { compareSemVer, nextVersions, parseSemVer, type SemVer } from './semver.ts'

function parsed(text: string): SemVer {
  const version = parseSemVer(text)
  if (version === undefined) throw new Error(`${text} is no version`)
  return version
}

test('the precedence of section 11', () => {
  const ascending = [
    ...['0.9.10', '1.0.0-1', '1.0.0-2', '1.0.0-10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta'],
    ...['1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '1.10.0', '2.0.0'],
  ]

  for (const [index, lower] of ascending.entries()) {
    for (const [other, higher] of ascending.entries()) {
      const sign = Math.sign(compareSemVer(parsed(lower), parsed(higher)))
      expect([lower, higher, sign]).toEqual([lower, higher, Math.sign(index - other)])
    }
  }
  expect(compareSemVer(parsed('1.0.0+a'), parsed('1.0.0+b'))).toBe(0)
})

test.each([
  '1',
  '1.2',
  '1.2.3.4',
  '01.2.3',
  'v1.2.3',
  '1.2.3-',
  '1.2.3-01',
  '1.2.3-a..b',
  '1.2.3+',
  ' 1.2.3',
  '',
])('"%s" is none', (text) => expect(parseSemVer(text)).toBeUndefined())

test('three versions follow directly', () => {
  expect(nextVersions(parsed('1.2.3-rc.1'))).toEqual(['1.2.4', '1.3.0', '2.0.0'])
})
