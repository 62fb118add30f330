import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import {
  aptFormat,
  later,
  makeKey,
  now,
  publishDebs,
  removeFolder,
  scratchFolder,
  type TestKey,
  treeOf,
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

/** Dies at one write: before it, or after it is durable but before anybody hears of it. */
function crashing(storage: Storage, atWrite: number, when: 'before' | 'after'): Storage {
  let writes = 0
  return {
    ...storage,
    put: async (path, body, options) => {
      writes += 1
      // A dead process makes no later writes either.
      if (writes > atWrite || (writes === atWrite && when === 'before')) throw new Crash(path)
      const result = await storage.put(path, body, options)
      if (writes === atWrite) throw new Crash(path)
      return result
    },
  }
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

      const between = await aptFormat().read(fileStorage(repository), { verifier: key.verifier })
      expect([2, 4]).toContain(between.entries.length)

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
  // The entry is the first conditional write on an existing path; die right after it.
  const storage = fileStorage(repository)
  const dying: Storage = {
    ...storage,
    put: async (path, body, options) => {
      const result = await storage.put(path, body, options)
      if (path.endsWith('/InRelease')) throw new Crash(path)
      return result
    },
  }
  await expect(publishDebs(debs, { to: dying, key, date: later })).rejects.toThrow(Crash)
  const verify = () => verifyRepository({ format: aptFormat(), storage, verifier: key.verifier, deep: true })

  const before = await verify()
  await publishDebs(debs, { to: repository, key, date: later })

  expect(new Set(before.map(({ code }) => code))).toEqual(
    new Set(['APT_INDEX_DIFFERS', 'APT_RELEASE_DIFFERS']),
  )
  expect(await verify()).toEqual([])
})

test('the write order is packages, indexes by hash, InRelease, then what repeats it', async () => {
  const writes: string[] = []
  const storage = fileStorage(join(folder, 'ordered'))
  const recording: Storage = {
    ...storage,
    put: (path, body, options) => {
      writes.push(path.replace(/[0-9a-f]{64}/, 'SUM'))
      return storage.put(path, body, options)
    },
  }

  await publishDebs(debs.slice(0, 1), { to: recording, key, format: aptFormat({ architectures: ['amd64'] }) })

  expect(writes).toEqual([
    'pool/main/a/alpha/alpha_1.0-1_amd64.deb',
    'dists/stable/main/binary-amd64/by-hash/SHA256/SUM',
    'dists/stable/main/binary-amd64/by-hash/SHA256/SUM',
    'dists/stable/main/by-hash/SHA256/SUM',
    'dists/stable/main/by-hash/SHA256/SUM',
    'dists/stable/InRelease',
    'dists/stable/main/binary-amd64/Packages',
    'dists/stable/main/binary-amd64/Packages.gz',
    'dists/stable/main/Contents-amd64',
    'dists/stable/main/Contents-amd64.gz',
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
  const readOnly: Storage = { ...storage, put: (path) => Promise.reject(new Error(`wrote ${path}`)) }

  const result = await publishDebs(debs, { to: readOnly, key, date: later, publicUrl: storage.url })

  expect(result.added).toEqual([])
  expect(result.kept).toHaveLength(4)
  expect(await treeOf(repository)).toEqual(before)
})

test('the same packages in another order, in steps, give the same bytes', async () => {
  const [once, steps] = [join(folder, 'once'), join(folder, 'steps')]
  const settings = { key, publicUrl: 'https://packages.example.org/apt' }
  await publishDebs(debs, { to: once, ...settings })
  for (const deb of debs.toReversed()) await publishDebs([deb], { to: steps, ...settings })

  const [expected, found] = [await treeOf(once), await treeOf(steps)]
  for (const [path, bytes] of expected) expect(found.get(path) === bytes, path).toBe(true)
})
