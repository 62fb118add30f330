import { expect, test } from 'vitest'
import { failureText, UserError } from '../../errors.ts'
import { packagePath, pathOfLocation } from './location.ts'

const hello = { name: 'Hello', version: '1.0~rc1', release: '2.el9', arch: 'x86_64' }

test('a package is stored in its folder under the name that rpm tools expect', () => {
  expect(packagePath('letter', hello)).toBe('packages/h/Hello-1.0~rc1-2.el9.x86_64.rpm')
  expect(packagePath('name', hello)).toBe('packages/Hello/Hello-1.0~rc1-2.el9.x86_64.rpm')
  expect(packagePath('flat', hello)).toBe('packages/Hello-1.0~rc1-2.el9.x86_64.rpm')
})

test.each(['../../etc/passwd', 'a b', '', 'x/y'])('a package named %j is refused', async (name) => {
  expect(() => packagePath('flat', { ...hello, name })).toThrow(UserError)
  if (name !== 'x/y') return
  const error = await attempt(() => packagePath('flat', { ...hello, name }))
  await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/package-name.txt')
})

test('a location is a path in the storage; "./" before it means nothing', () => {
  expect(pathOfLocation('./a/b.rpm', undefined, 'x')).toEqual({ path: 'a/b.rpm', isElsewhere: false })
})

test('a location with a base is somewhere else', () => {
  expect(pathOfLocation('b.rpm', 'https://mirror.example.org/a/', 'x')).toEqual({
    path: 'https://mirror.example.org/a/b.rpm',
    isElsewhere: true,
  })
})

test.each([
  '../b.rpm',
  'a/../../b.rpm',
  '/etc/passwd',
  'a//b.rpm',
  'a/./b.rpm',
  'a\\..\\b.rpm',
  'https://example.org/b.rpm',
  'a\0b',
  '',
  '..',
])('the location %j is refused', (href) => {
  expect(() => pathOfLocation(href, undefined, 'The package "x" in primary')).toThrow(/DNF|inside/)
})

function attempt(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}
