import { mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestOf } from '../lib/digest.ts'
import { fileStorage } from '../storage/file/file-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { entriesOf } from './find-entries.ts'
import type { GenerationRef } from './generation.ts'
import { probeRepository } from './probe.ts'
import { type PublishRequest, pauseWindowMs, publishPackages } from './publish.ts'
import type {
  IndexShape,
  ListedIndex,
  PackageEntry,
  PackageInput,
  RepositoryFormat,
  Upload,
} from './repository-format.ts'
import { verifyRepository } from './verify.ts'

let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-publish-'))
  storage = fileStorage(folder)
})
afterEach(() => rm(folder, { recursive: true }))

const upload = (path: string, text: string): Upload => ({
  path,
  body: Buffer.from(text),
  contentType: 'text/plain',
  caching: 'entry',
})

interface ListEntry {
  readonly generation?: GenerationRef
  readonly index?: {
    readonly sizeBytes: number
    readonly sha256: string
    readonly plainBytes: number
    readonly plain: string
  }
}

const path = (sha256: string): string => `index/${sha256}.gz`
const lineOf = (entry: PackageEntry): Uint8Array => Buffer.from(`${JSON.stringify(entry)}\n`)
const shape = {
  header: new Uint8Array(0),
  footer: new Uint8Array(0),
  forms: ['gzip'],
  algorithms: ['sha256'],
} as const satisfies IndexShape

/** The smallest repository: one index of JSON lines, the entry names it, the companion repeats the entry. The "file" of a package is its content. */
const listFormat: RepositoryFormat<ListEntry> = {
  packageFormat: 'file',
  packageExtension: '',
  folder: 'list',
  packagePrefixes: ['files/'],
  metadataPrefix: 'index/',
  async readEntry(from) {
    const stored = await from.get('list')
    if (stored === undefined) return undefined
    const own: ListEntry = JSON.parse(Buffer.from(await stored.bytes()).toString())
    const { index, generation } = own
    const listed: ListedIndex | undefined = index && {
      plain: { sizeBytes: index.plainBytes, digests: { sha256: index.plain } },
      forms: new Map([['gzip', { sizeBytes: index.sizeBytes, digests: { sha256: index.sha256 } }]]),
    }
    return {
      version: stored.version,
      signature: { status: 'absent' },
      generation,
      date: undefined,
      indexes: new Map(listed === undefined ? [] : [['all', listed]]),
      own,
    }
  },
  async openIndex(from, { own }) {
    const stored = await from.get(path(own.index?.sha256 ?? ''))
    const text = gunzipSync((await stored?.bytes()) ?? new Uint8Array(0)).toString()
    async function* fragments() {
      for (const line of text.split('\n')) {
        if (line === '') continue
        const entry: PackageEntry = JSON.parse(line)
        yield { bytes: Buffer.from(`${line}\n`), entry: { ...entry, listedIn: ['all'] } }
      }
    }
    return { shape, fragments: fragments() }
  },
  listsPackages: () => true,
  prepare: async ({ artifact, file }) => ({
    entry: {
      name: artifact.name,
      version: '1',
      architecture: 'all',
      path: `files/${artifact.name}`,
      sizeBytes: file.length,
      sha256: digestOf(file).slice(7),
    },
    content: { body: Buffer.from(file), contentType: 'text/plain' },
    facts: undefined,
  }),
  place: async (_entry, additions) =>
    additions.map(({ entry }) => ({ index: 'all', bytes: lineOf(entry), entry })),
  shapeOf: () => shape,
  requiredIndexes: () => ['all'],
  bodyPaths: (_index, _form, { sha256 = '' }) => [path(sha256)],
  contentTypeOf: () => 'application/gzip',
  async renderEntry(_previous, indexes, { generation }) {
    const state = indexes.get('all')
    const form = state?.forms.gzip
    const index = form && {
      sizeBytes: form.sizeBytes,
      sha256: form.digests.sha256,
      plainBytes: state?.plain.sizeBytes,
      plain: state?.plain.digests.sha256,
    }
    return { before: [], entry: upload('list', JSON.stringify({ generation, index })), after: [] }
  },
  async staleCompanions(from) {
    const [list, copy] = await Promise.all([from.get('list'), from.get('copy')])
    if (list?.version === copy?.version) return []
    return [upload('copy', Buffer.from((await list?.bytes()) ?? []).toString())]
  },
  inspect: async () => [],
  async *exportAdditions() {
    // Nothing is copied between lists.
  },
  withoutPackages: (_index, fragment, { removed }) =>
    removed.some(({ sha256 }) => sha256 === fragment.entry?.sha256) ? undefined : fragment,
  indexPrefixes: () => ['index/'],
  otherFiles: () => ['list', 'copy'],
  entryFiles: ['copy', 'list'],
  siblings: async () => [],
  clientFiles: () => [],
  keyringFiles: () => [],
}

async function namesIn(from: Storage): Promise<string[]> {
  const entry = await listFormat.readEntry(from, {})
  const names: string[] = []
  if (entry === undefined) return names
  for await (const { name } of entriesOf(listFormat, from, entry, {})) names.push(name)
  return names
}

const input = (name: string, content = name): PackageInput => ({
  artifact: { name, kind: 'file', digest: digestOf(content), sizeBytes: content.length },
  file: content,
})

const request = (additions: readonly PackageInput[], to = storage): PublishRequest => ({
  format: listFormat,
  storage: to,
  signers: [],
  name: 'test',
  date: new Date(0),
  additions,
  random: () => 0,
})

test('a publish says what it added and what was there', async () => {
  await publishPackages(request([input('a')]))

  const result = await publishPackages(request([input('a'), input('b')]))

  expect(result.kept.map(({ name }) => name)).toEqual(['a'])
  expect(result.added.map(({ name }) => name)).toEqual(['b'])
  expect(result.entryVersion).toBe((await storage.head('list'))?.version)
})

test('the same package twice in one publish is one', async () => {
  const { added } = await publishPackages(request([input('a'), input('a')]))

  expect(added).toHaveLength(1)
})

test('who loses the swap reads again and adds to what the winner made', async () => {
  let isFirst = true
  const racing: Storage = {
    ...storage,
    put: async (path, body, options) => {
      if (path === 'list' && isFirst) {
        isFirst = false
        await publishPackages(request([input('winner')]))
      }
      return storage.put(path, body, options)
    },
  }

  await publishPackages(request([input('loser')], racing))

  expect(await namesIn(storage)).toEqual(['winner', 'loser'])
})

test('a companion that a slower publisher overwrote is settled by whoever looks last', async () => {
  await publishPackages(request([input('a')]))
  await storage.put('copy', Buffer.from('older'))

  const probe = await probeRepository({ ...request([]), inputs: [input('a')] })
  await publishPackages(request([input('a')]))

  expect(probe).toMatchObject({ exists: true, isComplete: false, missing: [], present: [{ name: 'a' }] })
  expect((await storage.head('copy'))?.version).toBe((await storage.head('list'))?.version)
})

test('a probe tells present, missing and conflicting apart, and absent from there', async () => {
  const absent = await probeRepository({ ...request([]), inputs: [input('a')] })
  await publishPackages(request([input('a'), input('b')]))

  const probe = await probeRepository({
    ...request([]),
    inputs: [input('a'), input('b', 'other'), input('c')],
  })

  expect(absent).toMatchObject({ exists: false, isComplete: false, missing: [{ name: 'a' }] })
  expect(probe).toMatchObject({
    exists: true,
    isComplete: true,
    present: [{ name: 'a' }],
    missing: [{ name: 'c' }],
    conflicting: [{ wanted: { name: 'b' }, existing: { name: 'b' } }],
  })
})

test('verification finds what is missing, cut off, changed and not listed', async () => {
  await publishPackages(request(['gone', 'short', 'changed', 'fine'].map((name) => input(name))))
  await storage.delete('files/gone')
  await storage.put('files/short', Buffer.from('sh'))
  await storage.put('files/changed', Buffer.from('CHANGED'))
  const common = { format: listFormat, storage, expect: { 'files/fine': 'other', 'files/none': 'aa' } }

  const shallow = await verifyRepository({ ...common, deep: false })
  const deep = await verifyRepository({ ...common, deep: true })

  const texts = (findings: typeof deep) => findings.map(({ code, path }) => `${code} ${path}`)
  const always = [
    'PACKAGE_NOT_LISTED files/fine',
    'PACKAGE_NOT_LISTED files/none',
    'PACKAGE_MISSING files/gone',
    'PACKAGE_SIZE files/short',
  ]
  expect(texts(shallow)).toEqual(always)
  expect(texts(deep)).toEqual([...always, 'PACKAGE_DIGEST files/changed'])
})

test('verification follows links inside of the storage, and finds paths that lead out of it', async () => {
  await publishPackages(request([input('a')]))
  await rename(join(folder, 'files'), join(folder, 'moved'))
  await symlink('moved', join(folder, 'files'))
  expect(await verifyRepository({ format: listFormat, storage, deep: true })).toEqual([])

  const outside: RepositoryFormat<ListEntry> = {
    ...listFormat,
    async openIndex(from, entry, index, options) {
      const open = await listFormat.openIndex(from, entry, index, options)
      async function* fragments() {
        for await (const fragment of open.fragments) {
          const listed = fragment.entry
          yield listed === undefined ? fragment : { ...fragment, entry: { ...listed, path: '../outside' } }
        }
      }
      return { ...open, fragments: fragments() }
    },
  }
  expect(await verifyRepository({ format: outside, storage, deep: true })).toMatchObject([
    { code: 'STORAGE_PATH', path: '../outside' },
  ])
})

test('a repository that is not there is a finding', async () => {
  expect(await verifyRepository({ format: listFormat, storage, deep: false })).toMatchObject([
    { code: 'REPOSITORY_ABSENT' },
  ])
})

test('a cancelled publish stops', async () => {
  const signal = AbortSignal.abort(new Error('stopped'))

  await expect(publishPackages({ ...request([input('a')]), signal })).rejects.toThrow('stopped')
})

test('pauses are counted in attempts, grow at first, and shrink for who has waited long', () => {
  const windows = [1, 3, 5, 9, 13, 25, 100].map((lost) => pauseWindowMs(lost, 200))

  expect(windows).toEqual([200, 800, 3200, 1600, 800, 100, 100])
  expect(pauseWindowMs(5, 60_000)).toBe(20_000)
  expect(pauseWindowMs(1, 0)).toBe(10)
})
