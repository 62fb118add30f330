import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PackageEntry } from '../../src/repositories/repository-format.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import {
  aptFormat,
  entriesIn,
  later,
  makeKey,
  now,
  publishDebs,
  removeFolder,
  scratchFolder,
  type TestKey,
  treeOf,
  watching,
} from './apt-world.ts'

let folder: string
let key: TestKey
let debs: string[]

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  debs = []
  for (const name of ['alpha', 'beta', 'gamma']) debs.push(await buildDeb(folder, { name }))
  debs.push(await buildDeb(folder, { name: 'delta', architecture: 'all' }))
})

afterAll(() => removeFolder(folder))

class Crash extends Error {}

/** Dies at one write, of whatever kind: before it, or after it is durable but before anybody hears of it. */
function crashing(storage: Storage, atWrite: number, when: 'before' | 'after'): Storage {
  let writes = 0
  return watching(storage, async (path, write) => {
    writes += 1
    const number = writes
    // A dead process makes no later writes either.
    if (number > atWrite || (number === atWrite && when === 'before')) throw new Crash(path)
    const result = await write()
    if (number === atWrite) throw new Crash(path)
    return result
  })
}

test.each(['before', 'after'] as const)(
  'a publish that dies %s any of its writes leaves the old state or the new one, and repeated ends the same',
  async (when) => {
    const start = join(folder, `start-${when}`)
    await publishDebs(debs.slice(0, 2), { to: start, key })
    const straight = join(folder, `straight-${when}`)
    await cp(start, straight, { recursive: true })
    const settings = { key, date: later, publicUrl: 'https://packages.example.org/apt' }
    await publishDebs(debs, { to: straight, ...settings })
    const expected = await treeOf(straight)

    for (let write = 1, isFinished = false; !isFinished; write += 1) {
      const repository = join(folder, `crash-${when}-${write}`)
      await cp(start, repository, { recursive: true })
      const storage = crashing(fileStorage(repository), write, when)
      const outcome = await publishDebs(debs, { to: storage, ...settings }).catch((error: unknown) => error)
      if (!(outcome instanceof Crash)) {
        expect(outcome).toMatchObject({ added: [{ name: 'gamma' }, { name: 'delta' }] })
        expect(write).toBeGreaterThan(15)
        isFinished = true
      }

      const between = await entriesIn(fileStorage(repository), aptFormat(), key.verifier)
      // The package for all architectures is in two indexes.
      expect([2, 5]).toContain(between.length)

      await publishDebs(debs, { to: repository, ...settings })
      expect(await treeOf(repository)).toEqual(expected)
    }
  },
  // Some forty publishes, on a machine that may have other work.
  240_000,
)

test('what a crash left is no finding after the repetition, and is one before', async () => {
  const repository = join(folder, 'findings')
  await publishDebs(debs.slice(0, 1), { to: repository, key })
  const storage = fileStorage(repository)
  const dying = watching(storage, async (path, write) => {
    const result = await write()
    if (path.endsWith('/InRelease')) throw new Crash(path)
    return result
  })
  await expect(publishDebs(debs, { to: dying, key, date: later })).rejects.toThrow(Crash)
  const verify = () => verifyRepository({ format: aptFormat(), storage, verifier: key.verifier, deep: true })

  const before = await verify()
  await publishDebs(debs, { to: repository, key, date: later })

  expect(new Set(before.map(({ code }) => code))).toEqual(
    new Set(['APT_INDEX_DIFFERS', 'APT_RELEASE_DIFFERS']),
  )
  expect(await verify()).toEqual([])
})

test('the write order is everything under names that nobody reads, InRelease, then what repeats it', async () => {
  const writes: string[] = []
  const recording = watching(fileStorage(join(folder, 'ordered')), (path, write) => {
    writes.push(path.replaceAll(/[0-9a-f]{64}/g, 'SUM'))
    return write()
  })

  await publishDebs(debs.slice(0, 1), { to: recording, key, format: aptFormat({ architectures: ['amd64'] }) })

  const entry = writes.indexOf('dists/stable/InRelease')
  expect(writes.slice(0, entry).sort()).toEqual([
    '.hawser/dists/stable/generations/00000001-SUM.json',
    '.hawser/dists/stable/lookup/SUM',
    'dists/stable/main/binary-amd64/by-hash/SHA256/SUM',
    'dists/stable/main/by-hash/SHA256/SUM',
    'pool/main/a/alpha/alpha_1.0-1_amd64.deb',
  ])
  expect(writes.slice(entry)).toEqual([
    'dists/stable/InRelease',
    '.hawser/dists/stable/latest.json',
    'dists/stable/main/Contents-amd64.gz',
    'dists/stable/main/binary-amd64/Packages.gz',
    'dists/stable/Release',
    'dists/stable/Release.gpg',
    'test.gpg',
    'test.asc',
    'test.sources',
  ])
})

test('a publish of what is there writes nothing, also at another date', async () => {
  const repository = join(folder, 'again')
  await publishDebs(debs, { to: repository, key, date: now })
  const before = await treeOf(repository)
  const storage = fileStorage(repository)
  const readOnly = watching(storage, (path) => Promise.reject(new Error(`wrote ${path}`)))

  const result = await publishDebs(debs, { to: readOnly, key, date: later, publicUrl: storage.url })

  expect(result.added).toEqual([])
  expect(result.kept).toHaveLength(4)
  expect(await treeOf(repository)).toEqual(before)
})

test('the same publish gives the same bytes, wherever it runs', async () => {
  const settings = { key, publicUrl: 'https://packages.example.org/apt' }
  const [one, other] = [join(folder, 'one'), join(folder, 'other')]
  await publishDebs(debs, { to: one, ...settings })
  await publishDebs(debs.toReversed(), { to: other, ...settings })

  const [expected, found] = [await treeOf(one), await treeOf(other)]
  for (const [path, bytes] of expected) expect(found.get(path) === bytes, path).toBe(true)
})

test('the same packages in other steps give the same list, in the order of the steps', async () => {
  const [once, steps] = [join(folder, 'once'), join(folder, 'steps')]
  await publishDebs(debs, { to: once, key })
  for (const deb of debs.toReversed()) await publishDebs([deb], { to: steps, key })

  const [expected, found] = [await entriesIn(fileStorage(once)), await entriesIn(fileStorage(steps))]
  const byPath = (a: PackageEntry, b: PackageEntry): number => (a.path < b.path ? -1 : 1)
  expect(found.toSorted(byPath)).toEqual(expected.toSorted(byPath))
  const names = found.filter(({ listedIn }) => listedIn?.[0]?.includes('amd64')).map(({ name }) => name)
  expect(names).toEqual(['delta', 'gamma', 'beta', 'alpha'])
})
