import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileStorage } from '../../storage/file/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { type ForeignSuite, format, hash, packages, writeSuite } from './testdata/foreign-suite.ts'

let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-apt-'))
  storage = fileStorage(folder)
})
afterEach(() => rm(folder, { recursive: true }))

const index = packages('amd64')
const usual = `dists/stable/${index}`

/** A suite of which everything agrees, before `spoil`. */
async function findings(
  suite: Partial<ForeignSuite>,
  spoil?: () => Promise<unknown>,
): Promise<readonly string[]> {
  await writeSuite(storage, { indexes: { [index]: 'text' }, ...suite })
  await storage.copy({ path: 'dists/stable/InRelease' }, 'dists/stable/Release')
  await spoil?.()
  const entry = await format().readEntry(storage, {})
  if (entry === undefined) throw new Error('no entry')
  const found = await format().inspect(storage, entry, {})
  return found.map(({ code, path }) => `${code} ${path}`)
}

test('a suite of which everything agrees has no findings, whatever forms are stored', async () => {
  expect(await findings({})).toEqual([])
  expect(await findings({ stored: [`${index}.gz`] })).toEqual([])
  expect(await findings({ byHash: true })).toEqual([])
})

test('a usual name that is of another state', async () => {
  const found = await findings({ byHash: true }, () => storage.put(`${usual}.gz`, Buffer.from('older')))

  expect(found).toEqual([`APT_INDEX_DIFFERS ${usual}.gz`])
})

test('an index that is gone in every form, and one that is damaged where nothing else is', async () => {
  expect(await findings({ stored: [] })).toEqual([
    `APT_INDEX_MISSING ${usual}`,
    `APT_INDEX_MISSING ${usual}.gz`,
  ])

  const body = `dists/stable/main/binary-amd64/by-hash/SHA256/${hash('text')}`
  const found = await findings({ byHash: true, forms: [''] }, () => storage.put(body, Buffer.from('tExt')))
  expect(found).toEqual([`APT_INDEX_MISSING ${usual}`])
})

test('a plain form that is not listed, where apt would find no packages', async () => {
  expect(await findings({ forms: ['.gz'] })).toEqual([`APT_PLAIN_FORM ${usual}.gz`])
})

test('a Release that says something else', async () => {
  const found = await findings({}, () => storage.put('dists/stable/Release', Buffer.from('Suite: old\n')))

  expect(found).toEqual(['APT_RELEASE_DIFFERS dists/stable/Release'])
})
