import { describe, expect, test } from 'vitest'
import { ownersOf } from './code-owners.ts'

/** Pattern, path, whether it matches; the examples of "About code owners", and what .gitignore adds. */
const patterns: readonly [string, string, boolean][] = [
  ['*', 'a/b/c', true],
  ['*.js', 'src/deep/a.js', true],
  ['*.js', 'a.jsx', false],
  ['/build/logs/', 'build/logs/a/b', true],
  ['/build/logs/', 'x/build/logs/a', false],
  ['docs/*', 'docs/getting-started.md', true],
  ['docs/*', 'docs/build-app/troubleshooting.md', false],
  ['apps/', 'x/apps/y', true],
  ['/docs/', 'docs/a', true],
  ['/scripts/', 'scripts', false],
  ['**/logs', 'build/logs/a', true],
  ['**/logs', 'logs/a', true],
  ['/apps/github', 'apps/github/x', true],
  ['/apps/**/x', 'apps/x', true],
  ['/apps/**/x', 'apps/a/b/x', true],
  ['config', 'a/config', true],
  ['config', 'a/configs', false],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['a.c', 'abc', false],
  ['with\\ space', 'with space', true],
]

describe('patterns', () => {
  test.each(patterns)('%s and %s: %s', (pattern, path, isMatch) => {
    expect(ownersOf([path], `${pattern} @ann`)).toEqual(isMatch ? ['@ann'] : [])
  })
})

test('the last rule that matches counts, each owner once, and comments are none', () => {
  const text = '# @nobody\n* @all\r\n*.yaml @ann @org/team # why\n/free.yaml\n'

  expect(ownersOf(['a.go', 'a.yaml', 'b.yaml'], text)).toEqual(['@all', '@ann', '@org/team'])
  expect(ownersOf(['free.yaml'], text)).toEqual([])
})
