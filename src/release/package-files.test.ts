import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageFiles } from './package-files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-package-files-'))
  await mkdir(join(folder, 'b/c'), { recursive: true })
  await mkdir(join(folder, 'empty.deb'))
  for (const path of ['z.deb', 'b/a.deb', 'b/c/d.deb', 'b/e.rpm']) await writeFile(join(folder, path), '')
})
afterAll(() => rm(folder, { recursive: true }))

test('a folder stands for the packages of the format in it and below, in order; a file for itself', async () => {
  const files = await packageFiles([join(folder, 'b/e.rpm'), folder], '.deb')

  expect(files).toEqual(['b/e.rpm', 'b/a.deb', 'b/c/d.deb', 'z.deb'].map((path) => join(folder, path)))
})

test.each([
  ['a folder without packages', 'empty.deb', 'REPOSITORY_NO_PACKAGES'],
  ['what is not there', 'absent.deb', 'FILE_NOT_FOUND'],
])('%s is an error', async (_what, path, code) => {
  await expect(packageFiles([join(folder, path)], '.deb')).rejects.toMatchObject({ code })
})
