import { existsSync, watch } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import { type ArtifactStore, openArtifactStore } from './store.ts'

let folder = ''
let warnings: string[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-store-'))
  warnings = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (): Promise<ArtifactStore> =>
  openArtifactStore(join(folder, 'store'), { warn: (message) => warnings.push(message) })

async function* bytes(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

const hello = digestOf('hello')
const unfinished = (): Promise<string[]> => readdir(join(folder, 'store/temporary'))

async function damage(store: ArtifactStore): Promise<void> {
  await chmod(store.path(hello), 0o644)
  await writeFile(store.path(hello), 'jello')
}

describe('adding', () => {
  test('a stream is stored under its digest, read-only, and nothing unfinished remains', async () => {
    const store = await open()

    const blob = await store.add(bytes('hel', 'lo'), { expected: hello, expectedSizeBytes: 5 })

    expect(blob).toEqual({ digest: hello, sizeBytes: 5 })
    expect(await readFile(store.path(hello), 'utf8')).toBe('hello')
    expect((await stat(store.path(hello))).mode & 0o777).toBe(0o444)
    expect(await unfinished()).toEqual([])
  })

  test('a file is copied, so that a later change of it does not reach the store', async () => {
    const store = await open()
    const path = join(folder, 'built')
    await writeFile(path, 'hello')

    await store.add(path)
    await writeFile(path, 'changed')

    expect(await readFile(store.path(hello), 'utf8')).toBe('hello')
  })

  test('an unfinished file of the store is moved in, or removed when it is another', async () => {
    const store = await open()
    const path = join(await store.scratch('partial'), 'download')
    await writeFile(path, 'jello')
    await expect(store.add(path, { take: true, expected: hello })).rejects.toThrow(hello)
    expect(await readdir(dirname(path))).toEqual([])
    await writeFile(path, 'hello')

    await store.add(path, { take: true, expected: hello })

    expect(await readdir(dirname(path))).toEqual([])
    expect((await stat(store.path(hello))).mode & 0o777).toBe(0o444)
  })

  test('a file that cannot be read is named', async () => {
    const store = await open()

    const error = await store.add(join(folder, 'missing')).catch((failure: unknown) => failure)

    expect(failureText(error)).toContain(`FILE_NOT_FOUND: Cannot read "${join(folder, 'missing')}"`)
  })

  test('the same bytes twice, also at the same time, are one blob', async () => {
    const store = await open()

    const added = await Promise.all([
      store.add(bytes('hello')),
      store.add(bytes('hello')),
      store.add(bytes('hello')),
    ])

    expect(new Set(added.map(({ digest }) => digest))).toEqual(new Set([hello]))
    expect(await readdir(dirname(store.path(hello)))).toHaveLength(1)
    expect(await unfinished()).toEqual([])
  })

  test('other bytes than expected leave nothing', async () => {
    const store = await open()

    const error = await store.add(bytes('jello'), { expected: hello }).catch((failure: unknown) => failure)

    await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/digest-mismatch.txt')
    expect(await store.has(digestOf('jello'))).toBe(false)
    expect(await unfinished()).toEqual([])
  })

  test('another size than expected leaves nothing', async () => {
    const store = await open()

    const error = await store
      .add(bytes('hell'), { expectedSizeBytes: 5 })
      .catch((failure: unknown) => failure)

    await expect(failureText(error)).toMatchFileSnapshot('testdata/errors/size-mismatch.txt')
    expect(await store.has(digestOf('hell'))).toBe(false)
  })

  test('a stream that breaks leaves nothing', async () => {
    const store = await open()
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('hel')
      throw new Error('the connection broke')
    }

    await expect(store.add(breaking())).rejects.toThrow('the connection broke')

    expect(await unfinished()).toEqual([])
  })
})

describe('checking on use', () => {
  test('damaged bytes are removed with a warning, and good ones can be added again', async () => {
    const store = await open()
    await store.add(bytes('hello'))
    await damage(store)

    expect(await store.has(hello)).toBe(false)
    expect(warnings).toEqual([
      `The stored file ${hello} was damaged. It was removed, and will be fetched or built again.`,
    ])

    await store.add(bytes('hello'))
    expect(await store.has(hello)).toBe(true)
  })

  test('damage of the same size with the times set back is noticed', async () => {
    const store = await open()
    await store.add(bytes('hello'))
    const before = await stat(store.path(hello))
    await damage(store)
    await utimes(store.path(hello), before.atime, before.mtime)

    expect(await store.has(hello)).toBe(false)
  })

  test('damage from before the start of the process is noticed', async () => {
    await (await open()).add(bytes('hello'))
    await damage(await open())

    expect(await (await open()).has(hello)).toBe(false)
  })

  test('adding over a damaged blob heals it', async () => {
    const store = await open()
    await store.add(bytes('hello'))
    await damage(store)

    await store.add(bytes('hello'), { expected: hello })

    expect(await readFile(store.path(hello), 'utf8')).toBe('hello')
  })

  test('a missing blob is an error that says what to do', async () => {
    const store = await open()

    const error = await store.verifiedPath(hello).catch((failure: unknown) => failure)

    await expect(failureText(error).replaceAll(folder, 'FOLDER')).toMatchFileSnapshot(
      'testdata/errors/file-missing.txt',
    )
  })
})

test('a materialised file is a copy that its reader may change', async () => {
  const store = await open()
  await store.add(bytes('hello'))
  const path = join(folder, 'dist')

  await store.materialize(hello, path, 0o755)
  await writeFile(path, 'changed')

  expect((await stat(path)).mode & 0o777).toBe(0o755)
  expect(await store.has(hello)).toBe(true)
  expect((await stat(store.path(hello))).nlink).toBe(1)
})

// A kill between the two steps of the writer must leave nothing among the files of people.
test('a file is materialised in one step, from the store to its place', async () => {
  const store = await open()
  await store.add(bytes('hello'))
  const seen = new Set<string>()
  const place = join(folder, 'place')
  await mkdir(place)
  const watcher = watch(place, (_event, name) => seen.add(String(name)))

  await store.materialize(hello, join(place, 'dist'), 0o644)
  await expect.poll(() => seen.has('dist')).toBe(true)
  watcher.close()

  expect([...seen]).toEqual(['dist'])
})

const otherFileSystem = '/dev/shm'

test.skipIf(!existsSync(otherFileSystem))('a file is materialised on another file system, too', async () => {
  const store = await open()
  await store.add(bytes('hello'))
  const other = await mkdtemp(join(otherFileSystem, 'hawser-store-'))
  try {
    await store.materialize(hello, join(other, 'dist'), 0o755)

    expect(await readFile(join(other, 'dist'), 'utf8')).toBe('hello')
    expect((await stat(join(other, 'dist'))).mode & 0o777).toBe(0o755)
    expect(await readdir(other)).toEqual(['dist'])
    expect(await readdir(await store.scratch('temporary'))).toEqual([])
  } finally {
    await rm(other, { recursive: true })
  }
})

describe('records', () => {
  const key = digestOf('inputs')

  test('come back as they were written, also in a later process', async () => {
    await (await open()).putRecord(key, { outputs: [hello], none: null })

    expect(await (await open()).getRecord(key)).toEqual({ outputs: [hello], none: null })
  })

  test('that are absent, cut off, or changed count as absent', async () => {
    const store = await open()
    expect(await store.getRecord(key)).toBeUndefined()

    await store.putRecord(key, { outputs: [hello] })
    const hex = key.slice('sha256:'.length)
    const path = join(store.folder, 'records', hex.slice(0, 2), `${hex}.json`)
    const text = await readFile(path, 'utf8')
    for (const damaged of [
      '',
      text.slice(0, 20),
      text.replace(hello, digestOf('other')),
      'null',
      '[]',
      '\0\0',
    ]) {
      await writeFile(path, damaged)
      expect(await store.getRecord(key)).toBeUndefined()
    }
  })
})

describe('leftovers of killed writers', () => {
  const dead = '4194305-abc-0123456789ab' // above the largest process id of Linux
  const hourMs = 3_600_000

  async function leave(area: string, name: string, ageMs: number): Promise<void> {
    const path = join(folder, 'store', area, name)
    await writeFile(path, 'half')
    await utimes(path, new Date(), new Date(Date.now() - ageMs))
  }

  test('go when they are stale; those of the living and the newest stay', async () => {
    await open()
    const living = `${process.pid}-${Math.round(performance.timeOrigin).toString(36)}-0123456789ab`
    await leave('temporary', dead, hourMs)
    await leave('temporary', `${dead.slice(0, -1)}c`, 1000)
    await leave('temporary', living, hourMs)
    await leave('partial', 'key.released', 24 * hourMs)
    await leave('partial', 'old.released', 8 * 24 * hourMs)

    await open()

    expect((await unfinished()).sort()).toEqual([`${dead.slice(0, -1)}c`, living].sort())
    expect(await readdir(join(folder, 'store/partial'))).toEqual(['key.released'])
  })

  test('of a process with our number that is not us go too', async () => {
    await open()
    await leave('temporary', `${process.pid}-earlier-0123456789ab`, hourMs)

    await open()

    expect(await unfinished()).toEqual([])
  })
})
