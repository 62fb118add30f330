import { execFileSync } from 'node:child_process'
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/lib/digest.ts'
import { file } from '../../src/sources/file/file.ts'
import type { FetchedSource, Source } from '../../src/sources/source.ts'
import { failureOf, listOf, signal, textOf, useProject } from './project.ts'

const project = useProject()

async function write(path: string, text = path, mode = 0o644): Promise<void> {
  const absolute = join(project().root, path)
  await mkdir(dirname(absolute), { recursive: true })
  await writeFile(absolute, text)
  await chmod(absolute, mode)
}

const source = (path: string, exclude: string[] = []): Source => file.create({ path, exclude }, project())
const fetch = (path: string, exclude: string[] = []): Promise<FetchedSource> =>
  source(path, exclude).fetch(signal)

test('a file gives its own digest, name and executable bit', async () => {
  await write('build/hello', 'program', 0o700)

  const fetched = await fetch('build/hello')

  expect(fetched.digest).toBe(digestOf('program'))
  expect(listOf(fetched)).toEqual(['hello 755'])
  expect(await textOf(fetched, 'hello', project())).toBe('program')
})

test('a peek gives what a fetch would, and stores nothing', async () => {
  await write('build/hello')
  await write('build/other', 'text', 0o755)

  const peeked = await source('build').peek(signal)

  expect(await project().store.has(digestOf('text'))).toBe(false)
  expect(peeked).toEqual(await fetch('build'))
})

test('a folder gives all its files in byte order, without those of git and Hawser', async () => {
  for (const path of ['a/z', 'a/é', 'a/Z', 'a/b/c', 'a/.hidden', '.git/HEAD', 'a/.git/HEAD'])
    await write(path)
  await symlink('b/c', join(project().root, 'a/link'))

  expect(listOf(await fetch('a'))).toEqual([
    '.hidden 644',
    'Z 644',
    'b/c 644',
    'link 777 → b/c',
    'z 644',
    'é 644',
  ])
  expect(listOf(await fetch('.')).filter((line) => /git|hawser/.test(line))).toEqual([])
})

test('a glob gives what it matches, relative to its fixed part, without what is excluded', async () => {
  for (const path of ['out/linux/a.so', 'out/linux/b.so', 'out/linux/a.txt', 'out/c.so']) await write(path)

  expect(listOf(await fetch('out/**/*.so', ['**/b.*']))).toEqual(['c.so 644', 'linux/a.so 644'])
})

test('a name that exists is not taken for a glob', async () => {
  await write('build/[x].txt')
  await write('build/x.txt')

  expect(listOf(await fetch('build/[x].txt'))).toEqual(['[x].txt 644'])
})

test('the digest of a tree depends on names, executable bits and bytes, and on nothing else', async () => {
  await write('one/a', 'text', 0o644)
  await write('two/a', 'text', 0o600)
  await utimes(join(project().root, 'two/a'), 0, 0)
  const { digest } = await fetch('one')
  expect((await fetch('two')).digest).toBe(digest)

  await write('two/a', 'text', 0o755)
  expect((await fetch('two')).digest).not.toBe(digest)
  await write('two/a', 'texT', 0o644)
  expect((await fetch('two')).digest).not.toBe(digest)
})

describe('refused', () => {
  test.each([['../outside'], ['/etc/passwd'], ['build/../../outside'], ['../*']])('%s', async (path) => {
    await writeFile(join(project().folder, 'outside'), 'secret')
    expect(await failureOf(source(path), project())).toContain('SOURCE_OUTSIDE_PROJECT')
  })

  test('a path out of the project', async () => {
    await expect(await failureOf(source('../outside'), project())).toMatchFileSnapshot(
      'testdata/errors/file-outside.txt',
    )
  })

  test('a link out of the project', async () => {
    await writeFile(join(project().folder, 'outside'), 'secret')
    await symlink('../outside', join(project().root, 'inside'))
    await expect(await failureOf(source('inside'), project())).toMatchFileSnapshot(
      'testdata/errors/file-link-outside.txt',
    )
  })

  test('a folder that is a link out of the project', async () => {
    await symlink('..', join(project().root, 'up'))
    expect(await failureOf(source('up/home'), project())).toContain('SOURCE_OUTSIDE_PROJECT')
  })

  test('a link in a folder that leaves it', async () => {
    await write('build/a')
    await symlink('../../outside', join(project().root, 'build/link'))
    await expect(await failureOf(source('build'), project())).toMatchFileSnapshot(
      'testdata/errors/file-link-escapes.txt',
    )
  })

  test('a pipe, without waiting for a writer', async () => {
    await write('build/a')
    execFileSync('mkfifo', [join(project().root, 'build/pipe')])
    await expect(await failureOf(source('build'), project())).toMatchFileSnapshot(
      'testdata/errors/file-special.txt',
    )
  })

  test('nothing where something is named', async () => {
    await expect(await failureOf(source('build/helo'), project())).toMatchFileSnapshot(
      'testdata/errors/file-nothing.txt',
    )
    await write('build/a')
    expect(await failureOf(source('build/*.so'), project())).toContain('SOURCE_NOTHING_FOUND')
  })

  test('a path through a file', async () => {
    await write('build')
    expect(await failureOf(source('build/hello'), project())).toContain('SOURCE_NOTHING_FOUND')
  })
})
