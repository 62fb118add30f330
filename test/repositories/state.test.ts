import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { failureText, Refusal, TransientError, UserError } from '../../src/errors.ts'
import { entriesOf } from '../../src/repositories/find-entries.ts'
import type { RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import * as apt from './apt-world.ts'
import * as dnf from './dnf-world.ts'
import { listFiles } from './repodata.ts'

let folder: string
let key: apt.TestKey
let files: { readonly apt: readonly string[]; readonly dnf: readonly string[] }

beforeAll(async () => {
  folder = await apt.scratchFolder()
  key = await apt.makeKey()
  files = {
    apt: makeDebs(join(folder, 'debs'), 0, 6).map(({ file }) => file),
    dnf: await makeRpms(join(folder, 'rpms'), 0, 6),
  }
  for (const name of ['apt', 'dnf'] as const) await prepare(name)
})
afterAll(() => apt.removeFolder(folder))

const formats = {
  apt: apt.aptFormat({ architectures: ['amd64'] }),
  dnf: dnf.dnfFormat({ unsignedPackages: 'allow' }),
}
type Name = keyof typeof formats

function publish(name: Name, range: readonly [number, number], to: string): Promise<unknown> {
  const added = files[name].slice(...range)
  return name === 'apt'
    ? apt.publishDebs(added, { to, key, format: formats.apt })
    : dnf.publishRpms(added, { to, key, format: formats.dnf })
}

/** Three generations, and what a fourth one lists when nothing is damaged. */
async function prepare(name: Name): Promise<void> {
  const repository = join(folder, name)
  for (const range of [
    [0, 2],
    [2, 4],
    [4, 5],
  ] as const)
    await publish(name, range, repository)
  const twin = join(folder, `${name}-twin`)
  await cp(repository, twin, { recursive: true })
  await publish(name, [5, 6], twin)
}

async function listed(name: Name, repository: string): Promise<readonly string[]> {
  const format: RepositoryFormat = formats[name]
  const storage = fileStorage(repository)
  const entry = await format.readEntry(storage, { verifier: key.verifier })
  if (entry === undefined) throw new Error('There is no repository')
  const found: string[] = []
  for await (const { path, sha256 } of entriesOf(format, storage, entry, {})) found.push(`${path} ${sha256}`)
  return found.toSorted()
}

const findingsIn = (name: Name, repository: string) =>
  verifyRepository({
    format: formats[name] as RepositoryFormat,
    storage: fileStorage(repository),
    verifier: key.verifier,
    deep: true,
  })

const damages = {
  deleted: (path: string) => rm(path),
  'with another byte': async (path: string) => {
    const bytes = await readFile(path)
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 0x20
    await replace(path, bytes)
  },
  'cut in half': async (path: string) => {
    const bytes = await readFile(path)
    await replace(path, bytes.subarray(0, bytes.length >> 1))
  },
  empty: (path: string) => replace(path, new Uint8Array()),
}

/** As a new file: the copies of a repository may be links to one. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await rm(path)
  await writeFile(path, bytes)
}

/** The publish that follows: the same list as without damage, or a typed failure that leaves what readers see. */
async function publishAfter(name: Name, damaged: string): Promise<string> {
  const before = await listed(name, damaged)
  try {
    await publish(name, [5, 6], damaged)
  } catch (error) {
    const isTyped = error instanceof UserError || error instanceof Refusal || error instanceof TransientError
    if (!isTyped) throw error
    expect(await listed(name, damaged)).toEqual(before)
    return error.code
  }
  expect(await listed(name, damaged)).toEqual(await listed(name, join(folder, `${name}-twin`)))
  return 'published'
}

describe.each(['apt', 'dnf'] as const)('%s: what lies beside the repository is a cache', (name) => {
  test.each(Object.keys(damages) as (keyof typeof damages)[])(
    'each of its files %s: the next publish loses nothing and adds nothing twice',
    async (how) => {
      const repository = join(folder, name)
      const state = (await listFiles(repository)).filter((path) => path.startsWith('.hawser/'))
      expect(state.length).toBeGreaterThan(5)
      for (const [number, path] of state.entries()) {
        const copy = join(folder, `${name}-${how.replaceAll(' ', '-')}-${number}`)
        await cp(repository, copy, { recursive: true })
        await damages[how](join(copy, path))

        const end = await publishAfter(name, copy)

        expect(`${path.replace(/[0-9a-f]{64}/, 'SHA256')}: ${end}`).toMatch(/: published$/)
        const left = (await findingsIn(name, copy)).filter(
          ({ code }) => code !== 'REPOSITORY_RECORDS_DAMAGED',
        )
        expect(left).toEqual([])
        await rm(copy, { recursive: true })
      }
    },
  )

  test('all of it deleted: it is made again from the indexes', async () => {
    const copy = join(folder, `${name}-bare`)
    await cp(join(folder, name), copy, { recursive: true })
    await rm(join(copy, '.hawser'), { recursive: true })

    expect(await publishAfter(name, copy)).toBe('published')
    expect(await findingsIn(name, copy)).toEqual([])
  })
})

describe.each([
  ['apt', /Packages\.gz$|by-hash\/SHA256\//],
  ['dnf', /-primary\.xml\.gz$/],
] as const)('%s: an index that readers cannot read either', (name, pattern) => {
  test.each(Object.keys(damages) as (keyof typeof damages)[])('%s stops a publish', async (how) => {
    const copy = join(folder, `${name}-index-${how.replaceAll(' ', '-')}`)
    await cp(join(folder, name), copy, { recursive: true })
    for (const path of await listFiles(copy)) if (pattern.test(path)) await damages[how](join(copy, path))
    await rm(join(copy, '.hawser'), { recursive: true })
    const before = await apt.treeOf(copy)

    const error = await publish(name, [5, 6], copy).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )

    const golden = `testdata/errors/index-${name}-${how.replaceAll(' ', '-')}.txt`
    const text = failureText(error)
      .replaceAll(copy, 'REPOSITORY')
      .replaceAll(/[0-9a-f]{64}/g, 'SHA256')
    await expect(`${text}\n`).toMatchFileSnapshot(golden)
    const after = await apt.treeOf(copy)
    expect([...before].filter(([path, bytes]) => after.get(path) !== bytes)).toEqual([])
  })
})
