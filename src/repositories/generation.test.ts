import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { digestOf, hexOf } from '../lib/digest.ts'
import { fileStorage } from '../storage/file/file-storage.ts'
import type { Storage } from '../storage/storage.ts'
import {
  type Generation,
  type GenerationRef,
  latestPath,
  readGeneration,
  readLatest,
  recordPath,
  renderLatest,
  writeGeneration,
} from './generation.ts'

const suite = 'dists/stable'
let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-generation-'))
  storage = fileStorage(folder)
})
afterEach(() => rm(folder, { recursive: true }))

const hex = (digit: string): string => digit.repeat(64)
const generation: Generation = {
  schema: 1,
  sequence: 7,
  previous: { sequence: 6, sha256: hex('6') },
  date: '2026-01-01T00:00:00Z',
  cause: { kind: 'publish', project: 'hello', version: '1.0.0', commit: 'c0ffee' },
  added: [{ path: 'pool/hello.deb', sha256: hex('a') }],
  removed: [],
  addedCount: 1,
  removedCount: 0,
  indexes: {
    'main/binary-amd64/Packages': {
      count: 1,
      plain: {
        sizeBytes: 9,
        digests: { sha256: hex('b') },
        sealed: { sizeBytes: 0, states: { md5: 'AA==' } },
      },
      forms: {
        gzip: {
          sizeBytes: 5,
          digests: { sha256: hex('c') },
          path: 'p.gz',
          sealed: { sizeBytes: 0, states: {} },
        },
        xz: {
          sizeBytes: 5,
          digests: { sha256: hex('d') },
          path: 'p.xz',
          sealed: { sizeBytes: 0, states: {}, table: [[3, 4]] },
        },
      },
    },
  },
  sets: [[], ['main/binary-amd64/Packages']],
  lookup: { pack: hex('e'), offset: 0, length: 10, sha256: hex('f'), count: 1 },
}

/** Writes bytes as the record that an entry names, as somebody with the key could. */
async function stored(bytes: string, more: Partial<GenerationRef> = {}): Promise<GenerationRef> {
  const ref = { sequence: 7, sha256: hexOf(digestOf(Buffer.from(bytes))), ...more }
  await storage.put(recordPath(suite, ref), Buffer.from(bytes))
  return ref
}
const read = (ref: GenerationRef) => readGeneration(storage, suite, ref)

describe('a record of a generation', () => {
  test('reads back as it was written, and has the same bytes each time', async () => {
    const { ref, path, bytes } = writeGeneration(suite, generation)
    await storage.put(path, bytes)

    expect(await read(ref)).toEqual(generation)
    expect(path).toBe(`.hawser/dists/stable/generations/00000007-${ref.sha256}.json`)
    expect(writeGeneration(suite, structuredClone(generation)).ref).toEqual(ref)
  })

  test('of the first generation has nothing before it and nothing in it', async () => {
    const first: Generation = {
      ...generation,
      sequence: 1,
      previous: null,
      cause: { kind: 'init' },
      added: [],
      addedCount: 0,
      indexes: {},
      sets: [[]],
      lookup: null,
    }
    const { ref, path, bytes } = writeGeneration(suite, first)
    await storage.put(path, bytes)

    expect(await read(ref)).toEqual(first)
  })

  test('that is gone is undefined', async () => {
    expect(await read({ sequence: 7, sha256: hex('0') })).toBeUndefined()
  })

  test.each<readonly [string, (bytes: Buffer) => Uint8Array]>([
    ['is cut off', (bytes) => bytes.subarray(0, 100)],
    ['is empty', () => new Uint8Array(0)],
    ['has another byte', (bytes) => Buffer.from(bytes.toString().replace('hello', 'jello'))],
    ['has one byte more', (bytes) => Buffer.concat([bytes, Buffer.from('\n')])],
  ])('that %s is not what its name says, so it is as if it were gone', async (_what, damage) => {
    const { ref, path, bytes } = writeGeneration(suite, generation)
    await storage.put(path, damage(Buffer.from(bytes)))

    expect(await read(ref)).toBeUndefined()
  })

  test('that lies under the name of another one is not that one', async () => {
    const { bytes } = writeGeneration(suite, generation)
    const ref = { sequence: 7, sha256: hex('1') }
    await storage.put(recordPath(suite, ref), bytes)

    expect(await read(ref)).toBeUndefined()
  })

  const text = JSON.stringify(generation)
  test.each<readonly [string, string]>([
    ['has a newer schema', text.replace('"schema":1', '"schema":2')],
    ['has a field that is not known', text.replace('{', '{"mode":"sparse",')],
    ['has a cause that is not known', text.replace('"publish"', '"merge"')],
    ['has another form of an index', text.replace('"xz"', '"brotli"')],
    ['has another sequence number than its entry says', text.replace('"sequence":7', '"sequence":8')],
    ['is no JSON', 'generation 7'],
  ])('that its entry vouches for and that %s was written by a later Hawser', async (_what, record) => {
    expect(record).not.toBe(text)
    const ref = await stored(record)

    await expect(read(ref)).rejects.toMatchObject({ code: 'REPOSITORY_GENERATION' })
  })

  test('that is not understood is named, with what to do', async () => {
    const ref = await stored(text.replace('"schema":1', '"schema":2'))

    const thrown = await read(ref).catch((error: unknown) => error)

    await expect(failureText(thrown)).toMatchFileSnapshot('testdata/errors/generation-newer.txt')
  })
})

describe('the note of the last generation', () => {
  const ref = { sequence: 7, sha256: hex('7') }

  test('reads back as it was written', async () => {
    await storage.put(latestPath(suite), renderLatest(ref))

    expect(await readLatest(storage, suite)).toEqual(ref)
  })

  test('may have more fields, which later versions write', async () => {
    await storage.put(latestPath(suite), Buffer.from(JSON.stringify({ ...ref, at: 'noon' })))

    expect(await readLatest(storage, suite)).toEqual(ref)
  })

  test.each([
    ['is empty', ''],
    ['is cut off', '{"sequence": 7, "sha'],
    ['is null', 'null'],
    ['has no digest', '{"sequence":7}'],
    ['has a wrong digest', '{"sequence":7,"sha256":"abc"}'],
    ['has no generation', `{"sequence":0,"sha256":"${hex('7')}"}`],
    ['is far too long', `${' '.repeat(5000)}{"sequence":7,"sha256":"${hex('7')}"}`],
  ])('is only a hint: one that %s is as if it were gone', async (_what, damaged) => {
    await storage.put(latestPath(suite), Buffer.from(damaged))

    expect(await readLatest(storage, suite)).toBeUndefined()
  })

  test('that is not there is undefined', async () => {
    expect(await readLatest(storage, suite)).toBeUndefined()
  })
})
