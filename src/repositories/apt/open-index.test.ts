import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText, TransientError } from '../../errors.ts'
import { fileStorage } from '../../storage/file/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { collect, type ForeignSuite, format, stanza, writeSuite } from './testdata/foreign-suite.ts'

const index = 'main/binary-amd64/Packages'
const text = stanza({ name: 'a' }) + stanza({ name: 'b', version: '2.0' })

let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-apt-'))
  storage = fileStorage(folder)
})
afterEach(() => rm(folder, { recursive: true }))

async function entryNow(options?: object) {
  const entry = await format(options).readEntry(storage, {})
  if (entry === undefined) throw new Error('no entry')
  return entry
}

async function readNow(name = index): Promise<string> {
  const { fragments } = await format().openIndex(storage, await entryNow(), name, {})
  const parts = await collect(fragments)
  return Buffer.concat(parts.map(({ bytes }) => bytes)).toString()
}

async function failure(): Promise<unknown> {
  return readNow().then(
    () => new Error('it was read'),
    (error: unknown) => error,
  )
}

const suite = (more: Partial<ForeignSuite> = {}): Promise<void> =>
  writeSuite(storage, { indexes: { [index]: text }, ...more })

describe('an index is read', () => {
  test.each<[string, Partial<ForeignSuite>]>([
    ['from gzip, also of several members', { stored: [`${index}.gz`] }],
    ['from the plain file', { stored: [index] }],
    ['from the plain file where nothing else is listed', { forms: [''] }],
    ['from xz', { forms: ['', '.xz'], stored: [`${index}.xz`] }],
    ['from zstd', { forms: ['', '.zst'], stored: [`${index}.zst`] }],
    ['where the plain text is not listed', { forms: ['.gz'] }],
    ['under names by hash', { byHash: true, stored: [`${index}.gz`] }],
    [
      'beside forms that only others read',
      { forms: ['', '.bz2', '.gz'], stored: [`${index}.gz`, `${index}.bz2`] },
    ],
    ['by its SHA-512', { sections: ['SHA512'] }],
  ])('%s', async (_, settings) => {
    await suite(settings)

    expect(await readNow()).toBe(text)
  })

  test('package by package', async () => {
    await suite()
    const { fragments } = await format().openIndex(storage, await entryNow(), index, {})

    expect((await collect(fragments)).map(({ entry }) => entry?.name)).toEqual(['a', 'b'])
  })

  test('and Contents with the text before their table as the header', async () => {
    const name = 'main/Contents-amd64'
    await suite({ indexes: { [name]: 'Free text\nFILE  LOCATION\nbin/a x\n' } })

    const { shape, fragments } = await format().openIndex(storage, await entryNow(), name, {})
    expect(Buffer.from(shape.header).toString()).toBe('Free text\nFILE  LOCATION\n')
    expect(await collect(fragments)).toEqual([{ bytes: Buffer.from('bin/a x\n') }])
  })
})

describe('an index is refused', () => {
  test('when it is gone', async () => {
    await suite({ stored: [] })
    await expect(failureText(await failure())).toMatchFileSnapshot('testdata/errors/index-gone.txt')
  })

  test('when only others read its forms', async () => {
    await suite({ forms: ['.bz2'] })
    await expect(failureText(await failure())).toMatchFileSnapshot('testdata/errors/index-form.txt')
  })

  test.each([
    ['cut in half', 60],
    ['in its data', 40],
    ['in its magic', 0],
  ])('when it is damaged %s, whatever error that makes', async (_, offset) => {
    await suite({ stored: [`${index}.gz`] })
    const path = `dists/stable/${index}.gz`
    const bytes = Buffer.from((await (await storage.get(path))?.bytes()) ?? [])
    bytes[offset] = (bytes[offset] ?? 0) ^ 0xff
    await storage.put(path, bytes)

    await expect(failureText(await failure())).toMatchFileSnapshot('testdata/errors/index-damaged.txt')
  })

  test('when it unpacks to something else than is listed', async () => {
    await suite({ stored: [`${index}.gz`] })
    const path = 'dists/stable/InRelease'
    const release = Buffer.from((await (await storage.get(path))?.bytes()) ?? []).toString()
    const wrong = release.replace(
      /^ [0-9a-f]{64} (\d+) main\/binary-amd64\/Packages$/m,
      ` ${'0'.repeat(64)} $1 ${index}`,
    )
    await storage.put(path, Buffer.from(wrong))

    await expect(failureText(await failure())).toMatchFileSnapshot('testdata/errors/index-differs.txt')
  })

  test('for now, when another tool replaces it while it is read', async () => {
    await suite()
    const entry = await entryNow()
    await writeSuite(storage, { indexes: { [index]: stanza({ name: 'other' }) } })

    const error = await format()
      .openIndex(storage, entry, index, {})
      .then(({ fragments }) => collect(fragments))
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TransientError)
    await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/index-replaced.txt')
  })
})

describe('the entry', () => {
  test('tells which indexes there are, in which forms, without reading any', async () => {
    const names = [index, 'main/Contents-amd64', 'Contents-arm64', 'contrib/binary-all/Packages']
    const others = [
      'main/debian-installer/binary-amd64/Packages',
      'main/Contents-source',
      'main/source/Sources',
    ]
    const indexes = Object.fromEntries([...names, ...others].map((name) => [name, 'x\n']))
    await writeSuite(storage, { indexes, forms: ['', '.gz', '.zst', '.bz2'], stored: [] })

    const entry = await entryNow()
    expect([...entry.indexes.keys()]).toEqual(names.toSorted())
    expect([...(entry.indexes.get(index)?.forms.keys() ?? [])]).toEqual(['gzip', 'zstd'])
    expect(entry.indexes.get(index)?.plain?.sizeBytes).toBe(2)
    expect(entry.date).toEqual(new Date('2025-07-01T12:00:00Z'))
    expect(entry.generation).toBeUndefined()
    expect([...(await entryNow({ contents: false })).indexes.keys()]).toEqual([
      'contrib/binary-all/Packages',
      index,
    ])
  })

  test('names its generation, when it was Hawser who wrote it', async () => {
    const sha256 = 'a'.repeat(64)
    await suite({ fields: `Hawser-Generation: 7 ${sha256}\nValid-Until: Tue, 08 Jul 2025 12:00:00 UTC\n` })

    expect(await entryNow()).toMatchObject({
      generation: { sequence: 7, sha256 },
      validUntil: new Date('2025-07-08T12:00:00Z'),
    })
  })

  test('may be a Release without InRelease, which then has no version to compare', async () => {
    await suite()
    const path = 'dists/stable/InRelease'
    await storage.put('dists/stable/Release', (await (await storage.get(path))?.bytes()) ?? new Uint8Array(0))
    await storage.delete(path)

    const entry = await entryNow()
    expect(entry.version).toBeUndefined()
    expect(entry.signature).toEqual({ status: 'absent' })
    expect(await readNow()).toBe(text)
  })

  test('of nothing is absent', async () => {
    expect(await format().readEntry(storage, {})).toBeUndefined()
  })
})
