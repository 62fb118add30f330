import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { collectGarbage } from '../../src/repositories/gc.ts'
import { repositoryHistory } from '../../src/repositories/history.ts'
import { refreshRepository } from '../../src/repositories/refresh.ts'
import { removePackages } from '../../src/repositories/remove.ts'
import { rollbackRepository } from '../../src/repositories/rollback.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { now, removeFolder, treeOf } from './apt-world.ts'
import { type Kind, type RecordsWorld, recordsWorld, sha256Of } from './records-world.ts'

let world: RecordsWorld
const twins: { [kind in Kind]?: string } = {}
beforeAll(async () => {
  world = await recordsWorld()
  for (const kind of ['apt', 'dnf'] as const) {
    const twin = await world.copy(kind, 'twin')
    await world.add(kind, twin)
    twins[kind] = twin
  }
})
afterAll(() => removeFolder(world.folder))

const beside = (kind: Kind, repository: string, path = ''): string =>
  join(repository, '.hawser', world.entryFolder[kind], path)

const golden = (kind: Kind, name: string): string =>
  `testdata/errors/records-${kind}-${name.replaceAll(/[^a-z0-9]+/g, '-')}.txt`

/** Its text, after nothing was written. */
async function refusal(repository: string, work: () => Promise<unknown>): Promise<string> {
  const before = await treeOf(repository)
  const error = await work().then(
    () => new Error('it worked'),
    (thrown: unknown) => thrown,
  )
  expect(await treeOf(repository)).toEqual(before)
  return `${failureText(error)
    .replaceAll(repository, 'REPOSITORY')
    .replaceAll(/[0-9a-f]{64}/g, 'SHA256')}\n`
}

/** It lists what the untouched twin lists, byte for byte, nothing is wrong with it, and the next publish goes on. */
async function expectConverged(kind: Kind, repository: string): Promise<void> {
  expect(await world.indexTexts(kind, repository)).toEqual(await world.indexTexts(kind, twins[kind] ?? ''))
  expect(await findingCodes(kind, repository)).toEqual([])
  expect((await world.add(kind, repository, 1)).added).toHaveLength(1)
}

/** Without what is said of old records, which nobody can make again. */
async function findingCodes(kind: Kind, repository: string): Promise<readonly string[]> {
  const codes = (await world.verify(kind, repository)).map(({ code }) => code)
  return codes.filter((code) => code !== 'REPOSITORY_RECORDS_DAMAGED')
}

async function newestRecord(kind: Kind, repository: string): Promise<string> {
  const [newest] = (await readdir(beside(kind, repository, 'generations'))).toSorted().reverse()
  if (newest === undefined) throw new Error('There is no record')
  return join(beside(kind, repository, 'generations'), newest)
}

type Change = (kind: Kind, repository: string) => Promise<void>
const flip = async (path: string, at: (length: number) => number): Promise<void> => {
  const bytes = await readFile(path)
  const index = at(bytes.length)
  bytes[index] = (bytes[index] ?? 0) ^ 0x20
  await rm(path)
  await writeFile(path, bytes)
}

const losses: { readonly [what: string]: Change } = {
  'all of it is gone': async (kind, repository) => rm(beside(kind, repository), { recursive: true }),
  'the newest record is gone': async (kind, repository) => rm(await newestRecord(kind, repository)),
  'the newest record has another byte': async (kind, repository) =>
    flip(await newestRecord(kind, repository), (length) => length >> 1),
  'the lookup table is gone': async (kind, repository) =>
    rm(beside(kind, repository, 'lookup'), { recursive: true }),
}

describe.each(['apt', 'dnf'] as const)('%s: with sealed members', (kind) => {
  test('that are really there', async () => {
    const { indexes } = JSON.parse(await readFile(await newestRecord(kind, join(world.folder, kind)), 'utf8'))
    const index = kind === 'apt' ? 'main/binary-amd64/Packages' : 'primary'

    expect(indexes[index].forms.gzip.sealed.sizeBytes).toBeGreaterThan(1000)
  })

  test.each(Object.keys(losses))('the same indexes come of it when %s', async (what) => {
    const repository = await world.copy(kind, what)
    await losses[what]?.(kind, repository)

    expect((await world.add(kind, repository)).added).toHaveLength(1)

    await expectConverged(kind, repository)
  })

  test('the records of another repository in their place are not believed', async () => {
    const repository = await world.copy(kind, 'mixed up')
    const other = kind === 'apt' ? 'dnf' : 'apt'
    await rm(beside(kind, repository), { recursive: true })
    await cp(beside(other, join(world.folder, other)), beside(kind, repository), { recursive: true })

    await expect(await refusal(repository, () => world.add(kind, repository))).toMatchFileSnapshot(
      golden(kind, 'mixed up'),
    )

    await world.add(kind, repository, 0, { adopt: true })
    expect(await world.indexTexts(kind, repository)).toEqual(await world.indexTexts(kind, twins[kind] ?? ''))
    await world.add(kind, repository, 1)
    expect(await findingCodes(kind, repository)).toEqual([])
  })
})

describe.each(['apt', 'dnf'] as const)('%s: the note of the last generation', (kind) => {
  test.each<[what: string, text: string]>([
    ['is no JSON', '{"sequence": 3,'],
    ['is behind', JSON.stringify({ sequence: 1, sha256: '0'.repeat(64) })],
    ['names another record', JSON.stringify({ sequence: 3, sha256: '0'.repeat(64) })],
  ])('does no harm when it %s', async (what, text) => {
    const repository = await world.copy(kind, `note ${what}`)
    await writeFile(beside(kind, repository, 'latest.json'), text)

    await world.add(kind, repository)

    await expectConverged(kind, repository)
  })

  test('that is ahead of the entry stops a publish, until somebody says to go on', async () => {
    const repository = await world.copy(kind, 'ahead')
    const note = JSON.stringify({ sequence: 7, sha256: '0'.repeat(64) })
    await writeFile(beside(kind, repository, 'latest.json'), note)

    await expect(await refusal(repository, () => world.add(kind, repository))).toMatchFileSnapshot(
      golden(kind, 'ahead'),
    )

    await world.add(kind, repository, 0, { adopt: true })
    await expectConverged(kind, repository)
  })
})

const renamed = (sequence: number, sha256: string) => (text: string) =>
  text
    .replace(/^Hawser-Generation: .*$/m, `Hawser-Generation: ${sequence} ${sha256}`)
    .replace(/hawser-generation:[^<]*/, `hawser-generation:${sequence}:${sha256}`)

describe.each(['apt', 'dnf'] as const)('%s: an entry that another tool signed', (kind) => {
  test.each([3, 999])('and that names a record %i that is not there is taken as it is', async (sequence) => {
    const repository = await world.copy(kind, `foreign ${sequence}`)
    await world.rewriteEntry(kind, repository, renamed(sequence, 'ab'.repeat(32)))

    expect((await world.add(kind, repository)).added).toHaveLength(1)

    await expectConverged(kind, repository)
  })
})

describe.each(['apt', 'dnf'] as const)('%s: a record of a newer Hawser', (kind) => {
  const common = (repository: string) => ({
    format: world.formats[kind],
    storage: fileStorage(repository),
    signers: [world.key.signer],
    verifier: world.key.verifier,
    name: 'test',
    date: now,
  })
  const works: { readonly [verb: string]: (repository: string) => Promise<unknown> } = {
    publish: (repository) => world.add(kind, repository),
    'publish with adopt': (repository) => world.add(kind, repository, 0, { adopt: true }),
    refresh: (repository) => refreshRepository(common(repository)),
    remove: (repository) => removePackages({ ...common(repository), unwanted: () => true }),
    rollback: (repository) => rollbackRepository({ ...common(repository), to: 1 }),
    gc: (repository) => collectGarbage({ ...common(repository), keep: 1, graceMs: -2000, dryRun: false }),
    history: (repository) => repositoryHistory(common(repository)),
  }

  test.each(Object.keys(works))(
    'stops %s with the advice to update, and nothing is written',
    async (verb) => {
      const repository = await world.copy(kind, `newer ${verb}`)
      const old = JSON.parse(await readFile(await newestRecord(kind, repository), 'utf8'))
      const bytes = Buffer.from(`${JSON.stringify({ ...old, schema: 2, sequence: 4, novelty: true })}\n`)
      const sha256 = sha256Of(bytes)
      await writeFile(beside(kind, repository, `generations/00000004-${sha256}.json`), bytes)
      await world.rewriteEntry(kind, repository, renamed(4, sha256))

      const text = await refusal(repository, async () => works[verb]?.(repository))

      await expect(text).toMatchFileSnapshot(golden(kind, 'newer'))
    },
  )
})

const bodies = { apt: /\/by-hash\/SHA256\//, dnf: /-(primary|filelists|other)\.xml\.gz$/ }
const mainBodies = { apt: /\/binary-amd64\/(by-hash\/|Packages\.gz$)/, dnf: /-primary\.xml\.gz$/ }
const allBodies = { apt: /\/by-hash\/SHA256\/|\.gz$/, dnf: bodies.dnf }
const sealedByte = 20

async function damageFiles(
  repository: string,
  pattern: RegExp,
  damage: (path: string) => Promise<void>,
): Promise<void> {
  const paths = [...(await treeOf(repository)).keys()].filter((path) => pattern.test(path))
  for (const path of paths) await damage(join(repository, path))
}

const damages: { readonly [what: string]: (path: string) => Promise<void> } = {
  'cut off': (path) => truncate(path, sealedByte),
  gone: (path) => rm(path),
  'damaged at the end': (path) => flip(path, (length) => length - sealedByte),
}

describe.each(['apt', 'dnf'] as const)('%s: indexes that a publish would extend', (kind) => {
  test.each(Object.keys(damages))('%s: the publish is refused and writes nothing', async (what) => {
    const repository = await world.copy(kind, `bodies ${what}`)
    await damageFiles(repository, allBodies[kind], async (path) => damages[what]?.(path))

    await expect(await refusal(repository, () => world.add(kind, repository))).toMatchFileSnapshot(
      golden(kind, `bodies ${what}`),
    )
  })

  test('of which a byte that no publish reads is another one: verification names it, before and after', async () => {
    const repository = await world.copy(kind, 'sealed byte')
    await damageFiles(repository, mainBodies[kind], (path) => flip(path, () => sealedByte))
    const code = kind === 'apt' ? 'APT_INDEX_DIFFERS' : 'DNF_CHECKSUM_WRONG'
    expect(await findingCodes(kind, repository)).toContain(code)

    await world.add(kind, repository)

    expect(await findingCodes(kind, repository)).toContain(code)
  })
})

test.each(['cut off', 'gone'])(
  'apt: bodies by hash that are %s are made again from their old names',
  async (what) => {
    const repository = await world.copy('apt', `by hash ${what}`)
    await damageFiles(repository, bodies.apt, async (path) => damages[what]?.(path))

    await world.add('apt', repository)

    await expectConverged('apt', repository)
  },
)
