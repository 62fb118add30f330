import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { entriesOf, packReader } from '../../src/repositories/find-entries.ts'
import { repositoryFormats } from '../../src/repositories/index.ts'
import { scan } from '../../src/repositories/lookup/read-table.ts'
import { openState } from '../../src/repositories/open-state.ts'
import type { RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { type Choice, createChosen } from '../../src/steps/choice.ts'
import { storages } from '../../src/storage/index.ts'
import type { Storage, StorageContext } from '../../src/storage/storage.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { type FaultProxy, randomFaults, startFaultProxy, withoutConditions } from '../servers/s3-faults.ts'
import { makeKey, now, type TestKey } from './apt-world.ts'
import type { RaceOrder } from './race-worker.ts'

// HAWSER_RACE_ALL=1: 32 publishers of 100 packages each.
const isFull = process.env['HAWSER_RACE_ALL'] === '1'
const processes = 4
const publishers = 32
const perPublisher = isFull ? 100 : 3
const batch = isFull ? 10 : 3

let folder: string
let key: TestKey
let server: Radosgw
const files: { apt: readonly string[]; dnf: readonly string[] } = { apt: [], dnf: [] }
const proxies: FaultProxy[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-race-'))
  key = await makeKey()
  await writeFile(join(folder, 'key.asc'), key.privateKeyArmored)
  server = await startRadosgw()
  const count = publishers * perPublisher
  files.apt = makeDebs(join(folder, 'debs'), 0, count).map(({ file }) => file)
  files.dnf = await makeRpms(join(folder, 'rpms'), 0, count)
}, 300_000)
afterAll(async () => {
  for (const proxy of proxies) await proxy.close()
  await server.stop()
  await rm(folder, { recursive: true })
})

async function bucketBehind(decide: FaultProxy['decide']): Promise<Choice> {
  const proxy = await startFaultProxy(server.endpoint, decide)
  proxies.push(proxy)
  const options = { bucket: await server.bucket(), endpoint: proxy.endpoint, region: 'us-east-1' }
  return { provider: 's3', options }
}

const formats = {
  apt: { provider: 'apt', options: { suite: 'stable', architectures: ['amd64'] } },
  dnf: { provider: 'dnf', options: { unsignedPackages: 'allow' } },
} as const

async function race(
  order: Omit<RaceOrder, 'shares' | 'keyFile' | 'date'>,
  shares: RaceOrder['shares'],
): Promise<void> {
  const workers = await Promise.all(
    Array.from({ length: processes }, async (_, index) => {
      const own = shares.filter((_share, number) => number % processes === index)
      const full: RaceOrder = {
        ...order,
        shares: own,
        keyFile: join(folder, 'key.asc'),
        date: now.toISOString(),
      }
      const script = join(import.meta.dirname, 'race-worker.ts')
      const child = spawn(process.execPath, [script, JSON.stringify(full)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      return { child, ended: once(child, 'exit') }
    }),
  )
  for (const { child } of workers) child.stdin.write('go\n')
  const codes = await Promise.all(workers.map(async ({ ended }) => (await ended)[0]))
  expect(codes).toEqual(workers.map(() => 0))
}

const sharesOf = (all: readonly string[], count: number): string[][] =>
  Array.from({ length: count }, (_, index) => all.filter((_file, number) => number % count === index))

async function expectAll(formatChoice: Choice, storageChoice: Choice, count: number): Promise<void> {
  const format = createChosen<RepositoryFormat, { folder: string }>(repositoryFormats, formatChoice, {
    folder,
  })
  const storage = createChosen<Storage, StorageContext>(storages, storageChoice, { folder: '/' })
  const { verifier } = key
  const state = await openState({ format, storage, signers: [key.signer], verifier })
  if (state.entry === undefined || state.generation === undefined) throw new Error('There is no repository')
  const listed: string[] = []
  for await (const { path } of entriesOf(format, storage, state.entry, { verifier })) listed.push(path)
  const known: string[] = []
  for await (const { path } of scan(state.generation.lookup, packReader(storage, format.folder))) {
    if (path !== '') known.push(path)
  }

  expect(listed).toHaveLength(count)
  expect(new Set(listed).size).toBe(count)
  expect(known.toSorted()).toEqual(listed.toSorted())
  expect(await verifyRepository({ format, storage, verifier, deep: true })).toEqual([])
}

describe.each(['apt', 'dnf'] as const)('%s: publishers in several processes, into one repository', (name) => {
  test(`${publishers} at once in a folder: nothing lost, nothing twice`, { timeout: 900_000 }, async () => {
    const storage = { provider: 'file', options: { path: join(folder, `in-folder-${name}`) } }

    await race({ storage, format: formats[name], batch }, sharesOf(files[name], publishers))

    await expectAll(formats[name], storage, publishers * perPublisher)
    const entry = await readFile(
      join(folder, `in-folder-${name}`, name === 'apt' ? 'dists/stable/InRelease' : 'repodata/repomd.xml'),
    )
    expect(entry.length).toBeGreaterThan(0)
  })

  test(`${publishers} at once in a bucket, with faults`, { timeout: 1_800_000 }, async () => {
    const storage = await bucketBehind(randomFaults(42, 40))

    await race({ storage, format: formats[name], batch }, sharesOf(files[name], publishers))

    await expectAll(formats[name], storage, publishers * perPublisher)
  })
})

test('a service without conditional writes: publishers take turns by lease', {
  timeout: 900_000,
}, async () => {
  const storage = await bucketBehind(withoutConditions)
  const some = files.apt.slice(0, 40)

  await race({ storage, format: formats.apt, batch: 5 }, sharesOf(some, 8))

  await expectAll(formats.apt, storage, some.length)
})
