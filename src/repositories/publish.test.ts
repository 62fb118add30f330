import { mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestOf } from '../lib/digest.ts'
import { fileStorage } from '../storage/file/file-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { probeRepository } from './probe.ts'
import { type PublishRequest, publishPackages } from './publish.ts'
import type { PackageEntry, PackageInput, RepositoryFormat, Upload } from './repository-format.ts'
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

/** The smallest repository: the entry is the list, the companion repeats it. The "file" of a package is its content. */
const listFormat: RepositoryFormat = {
  packageFormat: 'file',
  async read(from) {
    const entry = await from.get('list')
    if (entry === undefined) {
      return {
        exists: false,
        entryVersion: undefined,
        signature: { status: 'absent' },
        entries: [],
        index: undefined,
      }
    }
    const entries: PackageEntry[] = JSON.parse(Buffer.from(await entry.bytes()).toString())
    return {
      exists: true,
      entryVersion: entry.version,
      signature: { status: 'absent' },
      entries,
      index: undefined,
    }
  },
  entryOf: async ({ artifact, file }) => ({
    name: artifact.name,
    version: '1',
    architecture: 'all',
    path: `files/${artifact.name}`,
    sizeBytes: file.length,
    sha256: digestOf(file).slice(7),
  }),
  async render(state, additions) {
    const added = await Promise.all(additions.map((input) => this.entryOf(input)))
    const text = JSON.stringify([...state.entries, ...added])
    return {
      content: additions.map(({ artifact, file }) => upload(`files/${artifact.name}`, file)),
      indexes: [],
      entry: upload('list', text),
      companions: [upload('copy', text)],
    }
  },
  async staleCompanions(from) {
    const [list, copy] = await Promise.all([from.get('list'), from.get('copy')])
    if (list?.version === copy?.version) return []
    return [upload('copy', Buffer.from((await list?.bytes()) ?? []).toString())]
  },
  inspect: async () => [],
  clientFiles: () => [],
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

  const { entries } = await listFormat.read(storage, {})
  expect(entries.map(({ name }) => name)).toEqual(['winner', 'loser'])
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

  const [entry] = (await listFormat.read(storage, {})).entries
  await storage.put('list', Buffer.from(JSON.stringify([{ ...entry, path: '../outside' }])))
  expect(await verifyRepository({ format: listFormat, storage, deep: true })).toMatchObject([
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
