import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import type { SourceFile } from './source.ts'
import { linkFile, sourceTree } from './tree.ts'

const file = (path: string, text = path): SourceFile => ({
  path,
  mode: 0o644,
  digest: digestOf(text),
  sizeBytes: text.length,
})

const failure = (...files: SourceFile[]): string => {
  try {
    sourceTree(files, 'The archive')
    return 'It did not fail'
  } catch (error) {
    return failureText(error)
  }
}

test('the order in which files come does not matter', () => {
  const files = [file('b'), file('a/c'), file('a'.repeat(3)), linkFile('é', 'b')]

  expect(sourceTree(files.toReversed(), 'x')).toEqual(sourceTree(files, 'x'))
})

test('where a link points is part of the digest', () => {
  const one = sourceTree([file('a'), file('b'), linkFile('l', 'a')], 'x')
  const two = sourceTree([file('a'), file('b'), linkFile('l', 'b')], 'x')

  expect(one.digest).not.toBe(two.digest)
})

test.each(['', '/a', 'a//b', 'a/', './a', '../a', 'a/../b', 'a/..', '.', '..', 'a\0b'])(
  'the path %j is refused',
  (path) => {
    expect(failure(file(path))).toContain('SOURCE_UNSAFE_PATH')
  },
)

test.each(['..a', 'a..', 'a/...', 'a b', '-rf', 'a\\b', '.hidden', 'a:b'])('the path %j is fine', (path) => {
  expect(sourceTree([file(path)], 'x').files).toHaveLength(1)
})

describe('links', () => {
  test.each([
    ['absolute', [linkFile('a/l', '/etc/passwd')]],
    ['above the tree', [linkFile('a/l', '../../x')]],
    ['above the tree and back', [linkFile('l', '../tree/x')]],
    ['empty', [linkFile('l', '')]],
    ['out through another link', [linkFile('deep/up', '..'), linkFile('l', 'deep/up/../x')]],
    ['out through an absolute link', [linkFile('a', '/'), linkFile('l', 'a/etc')]],
  ])('that lead out are refused: %s', (_name, files) => {
    expect(failure(...files)).toContain('SOURCE_LINK_ESCAPES')
  })

  test.each([
    ['to a sibling', [file('a/b'), linkFile('a/l', 'b')]],
    ['up and down inside', [file('x'), linkFile('a/b/l', '../../x')]],
    ['to the tree itself', [linkFile('a/l', '..')]],
    ['broken', [linkFile('l', 'missing')]],
    ['in a circle', [linkFile('a', 'b'), linkFile('b', 'a')]],
  ])('that stay are kept: %s', (_name, files) => {
    expect(sourceTree(files, 'x').files).toHaveLength(files.length)
  })
})

test('a path that comes twice is refused', async () => {
  await expect(failure(file('a', 'one'), file('a', 'two'))).toMatchFileSnapshot(
    'testdata/errors/path-twice.txt',
  )
})

test('a file below a link or a file is refused', async () => {
  await expect(failure(linkFile('a', 'b'), file('a/x'))).toMatchFileSnapshot(
    'testdata/errors/path-conflict.txt',
  )
  expect(failure(file('a'), file('a/b/x'))).toContain('SOURCE_PATH_CONFLICT')
})

test('an unsafe path is shown so that control characters do no harm', async () => {
  await expect(failure(file('../\u001b[31mred'))).toMatchFileSnapshot('testdata/errors/unsafe-path.txt')
})
