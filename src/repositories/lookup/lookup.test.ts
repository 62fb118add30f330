import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lookupBuilder } from './build-table.ts'
import { hexKey, onceKey, packageKey } from './keys.ts'
import { emptyRoot, type LookupRoot, lookupRootSchema } from './lookup-root.ts'
import { LookupDamagedError, type LookupRecord } from './node.ts'
import { difference, find, packsOf, type ReadRange, scan } from './read-table.ts'
import { update } from './update-table.ts'

const record = (number: number, more: Partial<LookupRecord> = {}): LookupRecord => ({
  key: packageKey(`package-${number}`, `1.${number % 7}`, 'amd64'),
  sha256: createHash('sha256').update(String(number)).digest('hex'),
  path: `pool/main/p/package-${number}.deb`,
  sizeBytes: number * 3,
  set: number % 5,
  ...more,
})

const idOf = ({ key, sha256, path, set, sizeBytes }: LookupRecord): string =>
  [hexKey(key), sha256, path, set, sizeBytes].join(' ')

class Packs {
  readonly packs = new Map<string, Uint8Array>()
  readonly reads: string[] = []
  root: LookupRoot = emptyRoot

  readonly read: ReadRange = async (pack, start, end) => {
    this.reads.push(pack)
    return this.packs.get(pack)?.subarray(start, end)
  }

  async change(add: readonly LookupRecord[], remove: readonly LookupRecord[] = []): Promise<number> {
    const { root, pack } = await update(this.root, { add, remove }, this.read)
    this.root = lookupRootSchema.parse(JSON.parse(JSON.stringify(root)))
    if (pack !== undefined) this.packs.set(pack.sha256, pack.bytes)
    return pack?.bytes.length ?? 0
  }

  async all(): Promise<LookupRecord[]> {
    const found: LookupRecord[] = []
    for await (const each of scan(this.root, this.read)) found.push(each)
    return found
  }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-lookup-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function built(records: readonly LookupRecord[]): Promise<Packs> {
  const builder = await lookupBuilder(folder, (a, b) => (a.set > b.set ? a : b))
  for (const each of records) await builder.add(each)
  const { root, pack } = await builder.finish()
  const packs = new Packs()
  packs.root = root
  if (pack !== undefined) packs.packs.set(pack.sha256, await readFile(pack.file))
  return packs
}

describe('a table is what a map is, whatever its history', () => {
  test.each([1, 2, 3])('%i', async (seed) => {
    const random = seeded(seed)
    const packs = new Packs()
    const model = new Map<number, LookupRecord>()
    for (let round = 0; round < 40; round++) {
      const add: LookupRecord[] = []
      const remove: LookupRecord[] = []
      const isShrinking = round > 25
      const changed = new Set<number>()
      for (let change = 0; change < Math.floor(random() * 200); change++) {
        const number = Math.floor(random() * 3000)
        // What is removed and added in one go stays; so each number changes once in a round.
        if (changed.has(number)) continue
        changed.add(number)
        const known = model.get(number)
        if (known !== undefined && (isShrinking || random() < 0.3)) {
          remove.push(known)
          model.delete(number)
        } else if (known === undefined && !isShrinking) {
          add.push(record(number))
          model.set(number, record(number))
        }
      }
      await packs.change(add, remove)
    }

    const expected = [...model.values()]
    expect((await packs.all()).map(idOf)).toEqual(
      expected.toSorted((a, b) => Buffer.compare(a.key, b.key)).map(idOf),
    )
    const found = await find(
      packs.root,
      [...expected.map(({ key }) => key), packageKey('none', '1', 'all')],
      packs.read,
    )
    expect(found.size).toBe(expected.length)
    // The same records make the same table, added in one go, or built.
    const other = new Packs()
    await other.change(expected)
    expect(other.root?.sha256).toBe(packs.root?.sha256)
    expect((await built(expected)).root?.sha256).toBe(packs.root?.sha256)
    await packs.change([], expected)
    expect(packs.root).toBe(null)
  })
})

test('a table that was built of more records than fit into memory is the same', async () => {
  const records = Array.from({ length: 40_000 }, (_, number) => record(number))
  const packs = await built([...records, ...records.slice(0, 100).map((each) => ({ ...each, set: 9 }))])
  const other = new Packs()
  await other.change(records.map((each, number) => (number < 100 ? { ...each, set: 9 } : each)))

  expect(packs.root?.count).toBe(40_000)
  expect(packs.root?.sha256).toBe(other.root?.sha256)
}, 60_000)

test('an addition to many is a few kilobytes', async () => {
  const packs = await built(Array.from({ length: 50_000 }, (_, number) => record(number)))
  packs.reads.length = 0
  const bytes = await packs.change([record(50_001)])

  expect(bytes).toBeLessThan(48_000)
  expect(packs.reads.length).toBeLessThan(6)
}, 60_000)

test('several records may have one identity, and records of other kinds have others', async () => {
  const packs = new Packs()
  const twin = record(1, { sha256: 'f'.repeat(64), path: 'elsewhere.deb' })
  const once = {
    key: onceKey('Contents', 'package-1'),
    sha256: 'a'.repeat(64),
    path: '',
    sizeBytes: 0,
    set: 0,
  }
  await packs.change([record(1), twin, once])

  const found = await find(packs.root, [twin.key], packs.read)
  expect(found.get(hexKey(twin.key))?.map(idOf).toSorted()).toEqual([record(1), twin].map(idOf).toSorted())
})

test('what changes nothing writes nothing', async () => {
  const packs = new Packs()
  await packs.change(Array.from({ length: 500 }, (_, number) => record(number)))
  const before = packs.root

  expect(await packs.change([record(3)], [record(9999)])).toBe(0)
  expect(packs.root).toEqual(before)
})

test('a difference is what only one has, and reads only what differs', async () => {
  const packs = await built(Array.from({ length: 20_000 }, (_, number) => record(number)))
  const before = packs.root
  await packs.change([record(30_000), record(5, { set: 77 })], [record(7)])
  packs.reads.length = 0
  const found: string[] = []
  for await (const { side, record: each } of difference(before, packs.root, packs.read)) {
    found.push(`${side} ${each.path} ${each.set}`)
  }

  expect(found.toSorted()).toEqual([
    'a pool/main/p/package-5.deb 0',
    'a pool/main/p/package-7.deb 2',
    'b pool/main/p/package-30000.deb 0',
    'b pool/main/p/package-5.deb 77',
  ])
  expect(packs.reads.length).toBeLessThan(40)
}, 60_000)

test('the packs of a table are those that a scan reads from', async () => {
  const packs = await built(Array.from({ length: 5000 }, (_, number) => record(number)))
  for (let number = 6000; number < 6050; number++) await packs.change([record(number)])
  const named = await packsOf(packs.root, packs.read)
  packs.reads.length = 0
  await packs.all()

  expect([...named].toSorted()).toEqual([...new Set(packs.reads)].toSorted())
  expect(named.size).toBeLessThanOrEqual(51)
})

describe('damage is never an answer', () => {
  test('each byte of a leaf, and of an inner node', async () => {
    const packs = new Packs()
    await packs.change(Array.from({ length: 200 }, (_, number) => record(number)))
    const [[name, pack] = ['', new Uint8Array(0)]] = packs.packs
    const expected = (await packs.all()).map(idOf)
    const { offset = 0, length = 0 } = packs.root ?? {}
    const inner = Array.from({ length }, (_, index) => offset + index)
    const leaf = Array.from({ length: 400 }, (_, index) => index)
    for (const at of [...leaf, ...inner]) {
      const changed = Buffer.from(pack)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      packs.packs.set(name, changed)
      const outcome = await packs.all().then(
        (all) => all.map(idOf),
        (error: unknown) => error,
      )
      // A place that is not used may hold anything.
      if (Array.isArray(outcome)) expect(outcome).toEqual(expected)
      else expect(outcome).toBeInstanceOf(LookupDamagedError)
    }
  })

  test('a pack that is gone, cut off, or a reference to somewhere else', async () => {
    const packs = new Packs()
    await packs.change(Array.from({ length: 200 }, (_, number) => record(number)))
    const [[name, pack] = ['', new Uint8Array(0)]] = packs.packs
    packs.packs.set(name, pack.subarray(0, 1000))
    await expect(packs.all()).rejects.toThrow(LookupDamagedError)
    packs.packs.clear()
    await expect(find(packs.root, [record(1).key], packs.read)).rejects.toThrow(LookupDamagedError)
    packs.packs.set(name, pack)
    packs.root = packs.root && { ...packs.root, count: packs.root.count + 1 }
    await expect(packs.all()).rejects.toThrow(LookupDamagedError)
    packs.root = packs.root && { ...packs.root, length: 2 ** 40 }
    await expect(packs.all()).rejects.toThrow(LookupDamagedError)
  })
})
