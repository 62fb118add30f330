import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UserError } from '../../src/errors.ts'
import type { Storage } from '../../src/storage/storage.ts'

export interface StorageUnderTest {
  /** The provider's name and options, so that other processes can open the same storage. */
  readonly provider: string
  readonly options: object
  readonly folder: string
  readonly storage: Storage
  close(): Promise<void>
}

const text = (value: string): Uint8Array => Buffer.from(value)

async function read(storage: Storage, path: string): Promise<string | undefined> {
  const object = await storage.get(path)
  return object === undefined ? undefined : Buffer.from(await object.bytes()).toString()
}

async function paths(storage: Storage, prefix = ''): Promise<string[]> {
  const found: string[] = []
  // What a storage keeps for itself is there, too.
  for await (const { path } of storage.list(prefix)) if (!path.startsWith('.hawser/')) found.push(path)
  return found
}

/** What every kind of storage must do. `open` makes a new, empty one. */
export function storageContract(name: string, open: () => Promise<StorageUnderTest>): void {
  describe(`${name} storage`, () => {
    let subject: StorageUnderTest
    let storage: Storage
    beforeEach(async () => {
      subject = await open()
      storage = subject.storage
    })
    afterEach(() => subject.close())

    describeObjects(() => storage)
    describeCopies(() => storage)
    describeConditions(() => storage)
    describeProcesses(() => subject)
  })
}

function describeObjects(storage: () => Storage): void {
  test('what is absent is undefined, for head and get', async () => {
    expect(await storage().head('a/b')).toBeUndefined()
    expect(await storage().get('a/b')).toBeUndefined()
    expect(await paths(storage())).toEqual([])
  })

  test('an object comes back with its size, and put, head and get agree on its version', async () => {
    const put = await storage().put('dists/stable/InRelease', text('hello'))

    const object = await storage().get('dists/stable/InRelease')
    expect(Buffer.from((await object?.bytes()) ?? []).toString()).toBe('hello')
    expect(object?.sizeBytes).toBe(5)
    expect(put).toEqual({ status: 'written', version: object?.version })
    expect((await storage().head('dists/stable/InRelease'))?.version).toBe(object?.version)
  })

  test('a folder is not an object, and an object is not a folder', async () => {
    await storage().put('a/b', text('x'))

    expect(await storage().head('a')).toBeUndefined()
    expect(await storage().get('a')).toBeUndefined()
    expect(await storage().head('a/b/c')).toBeUndefined()
  })

  test('a range is cut out, and cut off at the end', async () => {
    await storage().put('r', text('0123456789'))
    const range = async (start: number, end?: number): Promise<string> => {
      const object = await storage().get('r', { range: end === undefined ? { start } : { start, end } })
      return Buffer.concat((await object?.body().toArray()) ?? []).toString()
    }

    expect(await range(2, 5)).toBe('234')
    expect(await range(7)).toBe('789')
    expect(await range(8, 100)).toBe('89')
    expect(await range(3, 3)).toBe('')
  })

  test('a large file is stored from the disk and streamed back, whole and in parts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-large-'))
    const bytes = Buffer.alloc(20 << 20, 'the quick brown fox ')
    await writeFile(join(folder, 'large'), bytes, { mode: 0o600 })

    await storage().put('large', { file: join(folder, 'large'), sizeBytes: bytes.length })

    const object = await storage().get('large')
    expect(bytes.equals(Buffer.concat((await object?.body().toArray()) ?? []))).toBe(true)
    const part = await storage().get('large', { range: { start: 15_000_000, end: 15_000_010 } })
    expect(Buffer.from((await part?.bytes()) ?? [])).toEqual(bytes.subarray(15_000_000, 15_000_010))
    await rm(folder, { recursive: true })
  })

  test('a file that has not the promised size is not stored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-size-'))
    await writeFile(join(folder, 'file'), 'four')

    await expect(storage().put('x', { file: join(folder, 'file'), sizeBytes: 5 })).rejects.toThrow(UserError)
    await expect(storage().put('x', { file: join(folder, 'gone'), sizeBytes: 5 })).rejects.toThrow(UserError)
    expect(await paths(storage())).toEqual([])
    await rm(folder, { recursive: true })
  })

  test('a list is in byte order of the whole path and honours any prefix', async () => {
    const all = ['a-b', 'a/b', 'a/b-c', 'a/b/c', 'a0', 'b', 'Z', 'é', '😀', '\uff5e'].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    )
    // A file system cannot hold "a/b" beside "a/b/c".
    const kept = all.filter((path) => path !== 'a/b')
    for (const path of kept.toReversed()) await storage().put(path, text(path))

    expect(await paths(storage())).toEqual(kept)
    expect(await paths(storage(), 'a/')).toEqual(['a/b-c', 'a/b/c'])
    expect(await paths(storage(), 'a/b')).toEqual(['a/b-c', 'a/b/c'])
    expect(await paths(storage(), 'a/b/')).toEqual(['a/b/c'])
    expect(await paths(storage(), 'none')).toEqual([])
  })

  test('deleting is repeatable', async () => {
    await storage().put('d/x', text('x'))
    await storage().delete('d/x')
    await storage().delete('d/x')
    await storage().delete('never/there')

    expect(await storage().head('d/x')).toBeUndefined()
  })

  test.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a//b',
    './a',
    'a/.',
    'a\\b',
    'a\nb',
    'a/',
    'x\u0000',
    '\ud800',
  ])('the path %j is refused for every call', async (path) => {
    await expect(storage().put(path, text('x'))).rejects.toThrow(UserError)
    await expect(storage().get(path)).rejects.toThrow(UserError)
    await expect(storage().head(path)).rejects.toThrow(UserError)
    await expect(storage().delete(path)).rejects.toThrow(UserError)
  })

  test('a cancelled call does nothing', async () => {
    const signal = AbortSignal.abort(new Error('stopped'))

    await expect(storage().put('x', text('x'), { signal })).rejects.toThrow('stopped')
    expect(await paths(storage())).toEqual([])
  })
}

function describeCopies(storage: () => Storage): void {
  const large = Buffer.alloc(11 << 20, 'a body that is larger than one part ')

  test('what is stored has a time of the storage', async () => {
    await storage().put('old', text('x'))
    const listed = []
    for await (const object of storage().list('old')) listed.push(object)
    const found = await storage().head('old')

    expect(Math.abs((found?.modifiedAt.getTime() ?? 0) - Date.now())).toBeLessThan(3600_000)
    expect(Math.abs((listed[0]?.modifiedAt.getTime() ?? 0) - Date.now())).toBeLessThan(3600_000)
  })

  test.each([
    ['small', Buffer.from('0123456789')],
    ['large', large],
  ])('an object is composed of parts of others and new bytes: %s', async (_, bytes) => {
    await storage().put('a', bytes)
    await storage().put('b', text('from b'))
    const end = bytes.length - 3
    await storage().compose('c', [
      { from: 'a', start: 0, end },
      text(' tail '),
      { from: 'b', start: 5, end: 6 },
    ])
    await storage().compose('d', [
      text('head '),
      { from: 'a', start: 2, end },
      { from: 'c', start: end, end: end + 6 },
    ])

    const expected = Buffer.concat([bytes.subarray(0, end), text(' tail b')])
    const stored = await storage().get('c')
    expect(expected.equals((await stored?.bytes()) ?? text(''))).toBe(true)
    const last = await storage().get('c', { range: { start: end } })
    expect(Buffer.from((await last?.bytes()) ?? []).toString()).toBe(' tail b')
    const other = Buffer.concat([text('head '), bytes.subarray(2, end), text(' tail ')])
    expect(other.equals((await (await storage().get('d'))?.bytes()) ?? text(''))).toBe(true)
  })

  test('composing over an object replaces it, and it may extend itself', async () => {
    await storage().put('log', text('one'))
    await storage().compose('log', [{ from: 'log', start: 0, end: 3 }, text(' two')])

    expect(await read(storage(), 'log')).toBe('one two')
  })

  test('a source that is gone or too short is an error, and nothing is written', async () => {
    await storage().put('short', text('abc'))

    await expect(storage().compose('x', [{ from: 'none', start: 0, end: 1 }])).rejects.toThrow(UserError)
    await expect(storage().compose('x', [{ from: 'short', start: 0, end: 4 }])).rejects.toThrow(UserError)
    await expect(
      storage().compose('x', [{ from: 'short', start: 0, end: 6 << 20 }, text('tail')]),
    ).rejects.toThrow(UserError)
    expect(await paths(storage())).toEqual(['short'])
  })

  test.each(['entry', 'immutable'] as const)(
    'a copy has the same bytes and a life of its own: %s',
    async (caching) => {
      await storage().put('from/g++_1.0~rc1+b1 é.deb', text('first'))

      expect(await storage().copy({ path: 'from/g++_1.0~rc1+b1 é.deb' }, 'to/x', { caching })).toBe(true)
      await storage().put('from/g++_1.0~rc1+b1 é.deb', text('second'))
      expect(await read(storage(), 'to/x')).toBe('first')
      expect(await storage().copy({ path: 'from/g++_1.0~rc1+b1 é.deb' }, 'to/x', { caching })).toBe(true)
      expect(await read(storage(), 'to/x')).toBe('second')
    },
  )

  test('of what is absent there is no copy', async () => {
    expect(await storage().copy({ path: 'none' }, 'x')).toBe(false)
    expect(await paths(storage())).toEqual([])
  })
}

function describeConditions(storage: () => Storage): void {
  test('create-if-absent writes once', async () => {
    const first = await storage().put('x', text('1'), { condition: { ifAbsent: true } })
    const second = await storage().put('x', text('2'), { condition: { ifAbsent: true } })

    expect([first.status, second.status]).toEqual(['written', 'conflict'])
    expect(await read(storage(), 'x')).toBe('1')
  })

  test('replace-if-unchanged needs the current version, and an object', async () => {
    const absent = await storage().put('x', text('0'), { condition: { ifVersion: 'anything' } })
    const first = await storage().put('x', text('1'))
    if (first.status !== 'written') throw new Error('an unconditional put cannot conflict')
    const second = await storage().put('x', text('2'), { condition: { ifVersion: first.version } })
    const late = await storage().put('x', text('3'), { condition: { ifVersion: first.version } })

    expect([absent.status, second.status, late.status]).toEqual(['conflict', 'written', 'conflict'])
    expect(await read(storage(), 'x')).toBe('2')
  })

  test('of many conditional writers in one process, one wins', async () => {
    const first = await storage().put('x', text('old'))
    if (first.status !== 'written') throw new Error('an unconditional put cannot conflict')
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        storage().put('x', text(`new ${index}`), { condition: { ifVersion: first.version } }),
      ),
    )

    expect(results.filter(({ status }) => status === 'written')).toHaveLength(1)
  })
}

function describeProcesses(subject: () => StorageUnderTest): void {
  const writers: Writer[] = []
  afterAll(() => {
    for (const writer of writers) writer.child.kill('SIGKILL')
  })
  const start = async (mode: string, amount: number, count: number): Promise<Writer[]> => {
    const started = await Promise.all(
      Array.from({ length: count }, () => startWriter(subject(), mode, amount)),
    )
    writers.push(...started)
    return started
  }

  test('of twenty writers in five processes that create one object, exactly one wins', async () => {
    const racing = await start('create', 4, 5)

    for (const writer of racing) writer.go()
    const wins = await Promise.all(racing.map((writer) => writer.line()))

    expect(wins.map(Number).reduce((sum, won) => sum + won, 0)).toBe(1)
  })

  test('five processes that add lines by compare-and-swap lose none, and add none twice', async () => {
    await subject().storage.put('race/lines', text(''))
    const racing = await start('append', 20, 5)

    for (const writer of racing) writer.go()
    await Promise.all(racing.map((writer) => writer.line()))

    const lines = ((await read(subject().storage, 'race/lines')) ?? '').trimEnd().split('\n')
    const expected = racing.flatMap(({ child }) =>
      Array.from({ length: 20 }, (_, number) => `${child.pid}.${number}`),
    )
    expect(lines.toSorted()).toEqual(expected.toSorted())
  })

  test('a killed writer leaves a whole object and nothing else, and blocks nobody', async () => {
    const sizeBytes = 1 << 20
    for (let round = 0; round < 5; round++) {
      const [writer] = await start('forever', sizeBytes, 1)
      writer?.go()
      await writer?.line()
      await until(async () => (await subject().storage.head('kill/object')) !== undefined)
      writer?.child.kill('SIGKILL')
      await writer?.exited

      const body = await read(subject().storage, 'kill/object')
      expect([Buffer.alloc(sizeBytes, 'a').toString(), Buffer.alloc(sizeBytes, 'b').toString()]).toContain(
        body,
      )
      expect(await paths(subject().storage)).toEqual(['kill/object'])
      expect((await subject().storage.put('kill/object', text('mine'))).status).toBe('written')
      await subject().storage.delete('kill/object')
    }
  })
}

async function until(claim: () => Promise<boolean>): Promise<void> {
  while (!(await claim()));
}

interface Writer {
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  go(): void
  line(): Promise<string>
}

async function startWriter(subject: StorageUnderTest, mode: string, amount: number): Promise<Writer> {
  const script = join(import.meta.dirname, 'storage-writer.ts')
  const args = [script, subject.provider, JSON.stringify(subject.options), subject.folder, mode, `${amount}`]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the writer "${mode}" ended early`)
    return value
  }
  const writer = { child, exited: once(child, 'exit'), go: () => child.stdin.write('go\n'), line }
  if ((await line()) !== 'ready') throw new Error('the writer did not start')
  return writer
}
