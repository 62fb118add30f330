import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { entriesOf } from '../../src/repositories/find-entries.ts'
import { collectGarbage } from '../../src/repositories/gc.ts'
import { repositoryFormats } from '../../src/repositories/index.ts'
import type { RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { type Choice, createChosen } from '../../src/steps/choice.ts'
import { storages } from '../../src/storage/index.ts'
import type { Storage, StorageContext } from '../../src/storage/storage.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { makeKey, now, type TestKey } from './apt-world.ts'
import type { KillOrder } from './kill-worker.ts'

// HAWSER_KILL_ALL=1: at every single call, before and after it; else at some.
const isFull = process.env['HAWSER_KILL_ALL'] === '1'
const steps = { folder: isFull ? 1 : 9, bucket: isFull ? 1 : 25 }

let folder: string
let key: TestKey
let server: Radosgw
let files: { readonly apt: readonly string[]; readonly dnf: readonly string[] }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-kill-'))
  key = await makeKey()
  await writeFile(join(folder, 'key.asc'), key.privateKeyArmored)
  files = {
    apt: makeDebs(join(folder, 'debs'), 0, 5).map(({ file }) => file),
    dnf: await makeRpms(join(folder, 'rpms'), 0, 5),
  }
  server = await startRadosgw()
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const formats = {
  apt: { provider: 'apt', options: { suite: 'stable', architectures: ['amd64'] } },
  dnf: { provider: 'dnf', options: { unsignedPackages: 'allow' } },
} as const

type Place = 'folder' | 'bucket'

/** A new storage with a copy of what is in another one. */
async function copyOf(place: Place, name: string, from?: Storage): Promise<Choice> {
  if (place === 'folder') {
    const path = join(folder, name)
    if (from !== undefined) await cp(from.location, path, { recursive: true })
    return { provider: 'file', options: { path } }
  }
  const options = { bucket: await server.bucket(), endpoint: server.endpoint, region: 'us-east-1' }
  const choice = { provider: 's3', options }
  const to = open(choice)
  for await (const { path } of from?.list('') ?? []) {
    if (from !== undefined && path !== '.hawser/capabilities.json')
      await to.copy({ storage: from, path }, path)
  }
  return choice
}

const open = (choice: Choice): Storage =>
  createChosen<Storage, StorageContext>(storages, choice, { folder: '/' })

function publish(order: Omit<KillOrder, 'keyFile' | 'date'>): {
  readonly signal: string | null
  readonly calls: number
} {
  const full: KillOrder = { ...order, keyFile: join(folder, 'key.asc'), date: now.toISOString() }
  const script = join(import.meta.dirname, 'kill-worker.ts')
  const done = spawnSync(process.execPath, [script, JSON.stringify(full)], { encoding: 'utf8' })
  if (done.status !== 0 && done.signal !== 'SIGKILL') throw new Error(done.stderr)
  return { signal: done.signal, calls: Number(done.stdout) }
}

async function namesIn(format: RepositoryFormat, storage: Storage): Promise<readonly string[]> {
  const entry = await format.readEntry(storage, { verifier: key.verifier })
  if (entry === undefined) throw new Error('There is no repository')
  const names: string[] = []
  for await (const { name } of entriesOf(format, storage, entry, { verifier: key.verifier })) names.push(name)
  return names.toSorted()
}

/** What is there after everything unnamed was thrown away. */
async function cleaned(format: RepositoryFormat, storage: Storage): Promise<readonly string[]> {
  const { verifier, signer } = key
  // One second into the future: a storage may tell times in whole seconds.
  await collectGarbage({
    format,
    storage,
    signers: [signer],
    verifier,
    keep: 1,
    graceMs: -2000,
    dryRun: false,
  })
  const paths: string[] = []
  for await (const { path } of storage.list('')) if (!path.endsWith('/clock')) paths.push(path)
  return paths.filter((path) => path !== '.hawser/capabilities.json')
}

describe.each(['apt', 'dnf'] as const)('%s', (name) => {
  test.each<Place>(['folder', 'bucket'])(
    'a publisher in a %s that is killed at any storage call leaves the old or the new, and the next one ends the same',
    { timeout: 1_800_000 },
    async (place) => {
      const format = createChosen<RepositoryFormat, { folder: string }>(repositoryFormats, formats[name], {
        folder,
      })
      const [first = '', second = '', ...added] = files[name]
      const never = { at: 0, when: 'before' } as const
      const base = await copyOf(place, `${name}-base`)
      publish({ storage: base, format: formats[name], files: [first, second], ...never })
      const straight = await copyOf(place, `${name}-straight`, open(base))
      const { calls } = publish({ storage: straight, format: formats[name], files: added, ...never })
      const before = await namesIn(format, open(base))
      const after = await namesIn(format, open(straight))
      const expected = await cleaned(format, open(straight))
      expect([before.length, after.length]).toEqual([2, 5])
      expect(calls).toBeGreaterThan(20)

      for (let number = 1; number <= calls * 2; number += steps[place]) {
        const at = Math.ceil(number / 2)
        const when = number % 2 === 1 ? 'before' : 'after'
        const storage = await copyOf(place, `${name}-${number}`, open(base))

        expect(publish({ storage, format: formats[name], files: added, at, when }).signal).toBe('SIGKILL')
        const between = await namesIn(format, open(storage))
        expect([before, after]).toContainEqual(between)

        publish({ storage, format: formats[name], files: added, ...never })
        expect(await namesIn(format, open(storage))).toEqual(after)
        const request = { format, storage: open(storage), verifier: key.verifier, deep: true }
        expect(await verifyRepository(request)).toEqual([])
        expect(await cleaned(format, open(storage))).toEqual(expected)
      }
    },
  )
})
