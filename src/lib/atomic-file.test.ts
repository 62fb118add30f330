import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { fileSystemError, writeFileAtomic } from './atomic-file.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-atomic-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const failing = async (path: string): Promise<string> =>
  failureText(await writeFileAtomic(path, 'x').catch((error: unknown) => error)).replaceAll(folder, 'FOLDER')

test('a file is replaced as a whole, with the mode that was asked for whatever the umask', async () => {
  const path = join(folder, 'state.json')
  await writeFile(path, 'a longer text than the new one')

  const umask = process.umask(0o077)
  await writeFileAtomic(path, 'new', { mode: 0o664 })
  process.umask(umask)

  expect(await readFile(path, 'utf8')).toBe('new')
  expect((await stat(path)).mode & 0o777).toBe(0o664)
  expect(await readdir(folder)).toEqual(['state.json'])
})

test('a failed write leaves the old file and nothing else', async () => {
  const path = join(folder, 'taken')
  await mkdir(join(path, 'full'), { recursive: true })

  await expect(failing(path)).resolves.toContain('FILE_IS_FOLDER')

  expect(await readdir(folder)).toEqual(['taken'])
})

test('a name as long as the file system allows still has room for its temporary file', async () => {
  const name = 'n'.repeat(255)

  await writeFileAtomic(join(folder, name), 'x')

  expect(await readdir(folder)).toEqual([name])
})

describe('errors of the file system say what to do', () => {
  test('the folder is missing', async () => {
    await expect(await failing(join(folder, 'missing/file'))).toMatchFileSnapshot(
      'testdata/errors/file-not-found.txt',
    )
  })

  test('a folder stands where the file goes', async () => {
    await mkdir(join(folder, 'file/x'), { recursive: true })
    await expect(await failing(join(folder, 'file'))).toMatchFileSnapshot(
      'testdata/errors/file-is-folder.txt',
    )
  })

  test('a file stands where a folder goes', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(await failing(join(folder, 'file/below'))).toMatchFileSnapshot(
      'testdata/errors/file-not-folder.txt',
    )
  })

  test('links lead in a circle', async () => {
    await symlink('loop', join(folder, 'loop'))
    await expect(await failing(join(folder, 'loop/file'))).toMatchFileSnapshot(
      'testdata/errors/file-link-loop.txt',
    )
  })

  test('the name is too long', async () => {
    const text = await failing(join(folder, 'n'.repeat(300)))
    await expect(text.replaceAll(/n{300}/g, 'NNN')).toMatchFileSnapshot(
      'testdata/errors/file-name-too-long.txt',
    )
  })

  test.skipIf(process.getuid?.() === 0)('permission is denied', async () => {
    await chmod(folder, 0o500)
    expect(await failing(join(folder, 'file'))).toContain('FILE_FORBIDDEN')
  })

  // These need a machine in a bad state; test/sources makes the real ones of the disk.
  test.each(['EACCES', 'EDQUOT', 'EFBIG', 'EIO', 'EMFILE'])('%s', async (code) => {
    const error = Object.assign(new Error(code), { code })
    await expect(failureText(fileSystemError(error, 'write', 'dist/hello.deb'))).toMatchFileSnapshot(
      `testdata/errors/${code.toLowerCase()}.txt`,
    )
  })

  test('what the reader cannot repair is passed on as it came', () => {
    const bug = new TypeError('no')
    expect(fileSystemError(bug, 'write', 'x')).toBe(bug)
  })
})
