import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { collectGarbage } from '../../src/repositories/gc.ts'
import { recordPath } from '../../src/repositories/generation.ts'
import { repositoryHistory } from '../../src/repositories/history.ts'
import { refreshRepository } from '../../src/repositories/refresh.ts'
import { removePackages } from '../../src/repositories/remove.ts'
import { rollbackRepository } from '../../src/repositories/rollback.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { otherBytes } from '../acceptance/repo-project.ts'
import * as apt from './apt-world.ts'

let folder: string
let key: apt.TestKey
let debs: readonly string[]
let storage: Storage
let number = 0

beforeAll(async () => {
  folder = await apt.scratchFolder()
  key = await apt.makeKey()
  debs = makeDebs(join(folder, 'debs'), 0, 4).map(({ file }) => file)
})
afterAll(() => apt.removeFolder(folder))

const format = apt.aptFormat({ architectures: ['amd64'] })
const entryPath = 'dists/stable/InRelease'
const deb = (of: number): string => debs[of] ?? ''
const root = (): string => join(folder, `repository-${number}`)
const publish = (of: number, to: Storage = storage) => apt.publishDebs([deb(of)], { to, key, format })
const request = (to: Storage = storage) => ({
  format,
  storage: to,
  signers: [key.signer],
  verifier: key.verifier,
  name: 'test',
  date: apt.later,
  random: () => 0,
})
const collect = (keep: number, more: { readonly graceMs?: number; readonly dryRun?: boolean } = {}) =>
  // A negative time of grace: files may be of this very moment.
  collectGarbage({ ...request(), keep, graceMs: -60_000, dryRun: false, ...more })
const sample =
  (of: number) =>
  ({ name }: { readonly name: string }) =>
    name === `sample-00000${of}`
const listed = async (): Promise<readonly string[]> =>
  (await apt.entriesIn(storage, format, key.verifier)).map(({ name }) => name.slice(-1))
const history = async () =>
  (await repositoryHistory(request())).map(({ ref, generation }) =>
    [ref.sequence, generation?.cause.kind ?? 'gone'].join(' '),
  )
const findings = () => verifyRepository({ ...request(), deep: true })
const stored = async (): Promise<readonly string[]> => {
  const paths: string[] = []
  for await (const { path } of storage.list('')) paths.push(path)
  return paths
}

/** A repository of three generations, each with a package more. */
beforeEach(async () => {
  number++
  storage = fileStorage(root())
  for (const of of [0, 1, 2]) await publish(of)
})

/** The entry file is replaced by somebody else right before the first attempt to replace it. */
function overtakenBy(work: () => Promise<unknown>): Storage {
  let isFirst = true
  return {
    ...storage,
    put: async (path, body, options) => {
      if (path === entryPath && isFirst) {
        isFirst = false
        await work()
      }
      return storage.put(path, body, options)
    },
  }
}

describe('whoever loses the race for the entry works on what the winner made', () => {
  test('when packages are removed', async () => {
    const removed = await removePackages({
      ...request(overtakenBy(() => publish(3))),
      unwanted: sample(1),
    })

    expect(removed).toHaveLength(1)
    expect(await listed()).toEqual(['0', '2', '3'])
    expect(await history()).toEqual(['5 remove', '4 publish', '3 publish', '2 publish', '1 publish'])
  })

  test('when an earlier generation is brought back', async () => {
    await rollbackRepository({ ...request(overtakenBy(() => publish(3))), to: 2 })

    expect(await listed()).toEqual(['0', '1'])
    expect((await history())[1]).toBe('4 publish')
  })

  test('when it is signed anew', async () => {
    await refreshRepository(request(overtakenBy(() => publish(3))))

    expect(await listed()).toEqual(['0', '1', '2', '3'])
    expect((await history()).slice(0, 2)).toEqual(['5 refresh', '4 publish'])
  })

  test.each([0, 1, 2])('and verification finds nothing, whichever it was (%i)', async (which) => {
    const to = overtakenBy(() => publish(3))
    const works = [
      () => removePackages({ ...request(to), unwanted: sample(0) }),
      () => rollbackRepository({ ...request(to), to: 1 }),
      () => refreshRepository(request(to)),
    ]
    await works[which]?.()

    expect(await findings()).toEqual([])
  })
})

describe('a rollback', () => {
  test('to what is there already writes nothing', async () => {
    const { version } = (await storage.head(entryPath)) ?? {}

    const target = await rollbackRepository({ ...request(), to: 3 })

    expect(target.sequence).toBe(3)
    expect((await storage.head(entryPath))?.version).toBe(version)
  })

  test('to a rollback is one to what that brought back', async () => {
    await rollbackRepository({ ...request(), to: 1 })
    await publish(3)
    await rollbackRepository({ ...request(), to: 4 })

    expect(await listed()).toEqual(['0'])
    expect(await findings()).toEqual([])
  })

  test('behind a record that is gone is refused, and the entry stays', async () => {
    const [, second] = await repositoryHistory(request())
    if (second === undefined) throw new Error('There are three generations')
    await storage.delete(recordPath(format.folder, second.ref))

    await expect(rollbackRepository({ ...request(), to: 1 })).rejects.toMatchObject({
      code: 'REPOSITORY_NO_GENERATION',
    })
    expect(await history()).toEqual(['3 publish', '2 gone'])
    expect(await listed()).toEqual(['0', '1', '2'])
  })
})

describe('removal', () => {
  test('of everything leaves an empty repository to which packages can be added again', async () => {
    const removed = await removePackages({ ...request(), unwanted: () => true })

    expect(removed.map(({ name }) => name.slice(-1))).toEqual(['0', '1', '2'])
    expect(await listed()).toEqual([])
    expect(await findings()).toEqual([])
    await apt.publishDebs([deb(1)], { to: storage, key, format, date: apt.later })
    expect(await listed()).toEqual(['1'])
    expect(await findings()).toEqual([])
  })

  test('of nothing writes nothing', async () => {
    const { version } = (await storage.head(entryPath)) ?? {}

    expect(await removePackages({ ...request(), unwanted: () => false })).toEqual([])
    expect((await storage.head(entryPath))?.version).toBe(version)
  })

  test('that is not confirmed writes nothing', async () => {
    const confirm = (): void => {
      throw new Error('on second thought')
    }

    await expect(removePackages({ ...request(), unwanted: () => true, confirm })).rejects.toThrow('thought')
    expect(await history()).toHaveLength(3)
  })

  test('does not make room for other bytes under the same name', async () => {
    await removePackages({ ...request(), unwanted: sample(1) })
    const other = join(folder, 'other.deb')
    await otherBytes(deb(1), other)

    await expect(apt.publishDebs([other], { to: storage, key, format })).rejects.toMatchObject({
      code: 'REPOSITORY_SWAP',
    })
    expect(await listed()).toEqual(['0', '2'])
  })
})

describe('garbage', () => {
  test('is not what a kept generation names, so that a rollback to any of them works', async () => {
    await removePackages({ ...request(), unwanted: sample(1) })
    await publish(3)

    const { keptGenerations } = await collect(3)

    expect(keptGenerations).toBe(3)
    expect(await history()).toEqual(['5 publish', '4 remove', '3 publish', '2 gone'])
    await rollbackRepository({ ...request(), to: 3 })
    expect(await listed()).toEqual(['0', '1', '2'])
    expect(await findings()).toEqual([])
  })

  test('is kept while it is young, and when it is only asked what would go', async () => {
    await removePackages({ ...request(), unwanted: sample(1) })
    const before = (await stored()).filter((path) => !path.endsWith('/clock'))

    const young = await collect(1, { graceMs: 3_600_000 })
    const asked = await collect(1, { dryRun: true })

    expect(young.deleted).toEqual([])
    expect(asked.deleted.map(({ path }) => path)).toContainEqual(expect.stringContaining('sample-000001'))
    expect((await stored()).filter((path) => !path.endsWith('/clock'))).toEqual(before)
  })

  test('is all deleted at once, and the repository goes on', async () => {
    await removePackages({ ...request(), unwanted: sample(1) })
    await collect(1)

    expect((await collect(1)).deleted).toEqual([])
    expect(await findings()).toEqual([])
    // Nobody remembers the package any more, so it can come again.
    await apt.publishDebs([deb(1), deb(3)], { to: storage, key, format, date: apt.later })
    expect(await listed()).toEqual(['0', '2', '1', '3'])
    expect(await findings()).toEqual([])
  })

  test('that somebody takes into use after it was listed is not deleted', async () => {
    await removePackages({ ...request(), unwanted: sample(1) })
    const path = (await stored()).find((one) => one.includes('sample-000001_')) ?? ''
    const reused: Storage = {
      ...storage,
      // It was written again: its age is that of the future.
      head: async (of, options) => {
        const found = await storage.head(of, options)
        return of !== path || found === undefined
          ? found
          : { ...found, modifiedAt: new Date(Date.now() + 3_600_000) }
      },
    }

    await collectGarbage({ ...request(reused), keep: 1, graceMs: -60_000, dryRun: false })

    expect(await stored()).toContain(path)
  })

  test('is a package that nobody lists, and not a file of another kind beside it', async () => {
    const pool = join(root(), 'pool/main/s/sample-000001')
    await writeFile(join(pool, 'left-behind_1_amd64.deb'), 'of a publisher that was killed')
    await writeFile(join(pool, 'README.html'), 'of somebody else')

    const { deleted } = await collect(3)

    expect(deleted.map(({ path }) => path)).toEqual(['pool/main/s/sample-000001/left-behind_1_amd64.deb'])
  })
})

describe('a refresh', () => {
  test('of a repository without records makes them from the indexes', async () => {
    await rm(join(root(), '.hawser'), { recursive: true })
    expect(await history()).toEqual([])

    await refreshRepository(request())

    expect(await history()).toEqual(['4 adopt'])
    expect(await listed()).toEqual(['0', '1', '2'])
    expect(await findings()).toEqual([])
  })

  test('puts right what repeats the entry', async () => {
    for (const path of ['dists/stable/Release', 'dists/stable/main/binary-amd64/Packages.gz']) {
      await storage.put(path, Buffer.from('older'))
    }
    await storage.delete('dists/stable/Release.gpg')
    expect((await findings()).map(({ code }) => code)).toContain('APT_INDEX_DIFFERS')

    await refreshRepository(request())

    expect(await findings()).toEqual([])
  })

  test('with a clock that is behind does not set the date back', async () => {
    await refreshRepository(request())
    await refreshRepository({ ...request(), date: apt.now })

    const entry = await format.readEntry(storage, { verifier: key.verifier })
    expect(entry?.date?.getTime()).toBeGreaterThanOrEqual(apt.later.getTime())
  })
})
