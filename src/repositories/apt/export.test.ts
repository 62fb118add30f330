import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileStorage } from '../../storage/file/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import type { PackageEntry } from '../repository-format.ts'
import { addition, collect, format, hash, packages, stanza, writeSuite } from './testdata/foreign-suite.ts'

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

describe('packages for another suite', () => {
  const everything = (): boolean => true

  test('keep their paragraph but for the place of the file, and their lines in Contents', async () => {
    const tool = stanza({ name: 'tool', section: 'contrib/utils' })
    const data = stanza({ name: 'data', architecture: 'all' })
    await writeSuite(storage, {
      folder: 'dists/testing',
      indexes: {
        [packages('amd64')]: tool + data,
        [packages('arm64')]: data,
        [packages('amd64', 'contrib')]: stanza({ name: 'other' }),
        'Contents-amd64': 'FILE LOCATION\nbin/tool  contrib/utils/tool,other\nusr/a data\n',
      },
    })
    const source = { storage, entry: await sourceEntry() }

    const found = await collect(format({ component: 'extra' }).exportAdditions(source, everything, {}))
    expect(found.map(({ entry }) => entry)).toMatchObject([
      { name: 'tool', path: 'pool/extra/t/tool/tool_1.0_amd64.deb' },
      { name: 'data', path: 'pool/extra/d/data/data_1.0_all.deb' },
    ])
    const [first, second] = found
    expect(first?.content.body).toEqual({ storage, path: 'somewhere/tool_1.0_amd64.deb' })
    expect(Buffer.from(first?.facts.stanza ?? []).toString()).toBe(
      tool.replace('somewhere/', 'pool/extra/t/tool/'),
    )
    expect(Buffer.from((await first?.facts.contents()) ?? []).toString()).toBe(
      'bin/tool contrib/utils/tool\n',
    )
    expect(Buffer.from((await second?.facts.contents()) ?? []).toString()).toBe('usr/a data\n')
  })

  test('are only those that are wanted, and none with a name that leads elsewhere', async () => {
    const evil = stanza({ name: 'x', version: '1/../../x' })
    await writeSuite(storage, {
      folder: 'dists/testing',
      indexes: { [packages('amd64')]: stanza({ name: 'a' }) + evil },
    })
    const source = { storage, entry: await sourceEntry() }
    const named = (name: string) => (entry: PackageEntry) => entry.name === name

    expect(await collect(format().exportAdditions(source, named('a'), {}))).toHaveLength(1)
    await expect(collect(format().exportAdditions(source, named('x'), {}))).rejects.toThrow('Version: "1/../')
  })

  async function sourceEntry() {
    const entry = await format({ suite: 'testing' }).readEntry(storage, {})
    if (entry === undefined) throw new Error('no entry')
    return entry
  }
})

describe('without some packages', () => {
  const gone = (name: string, index: string): PackageEntry => ({ ...addition(name).entry, listedIn: [index] })

  test('a paragraph goes with its file, and others stay', () => {
    const removed = [gone('a', packages('amd64'))]
    const removal = { removed, isNameKept: () => false }
    const [a, b] = ['a', 'b'].map((name) => ({ bytes: Buffer.from(name), entry: addition(name).entry }))

    expect(a && format().withoutPackages(packages('amd64'), a, removal)).toBeUndefined()
    expect(b && format().withoutPackages(packages('amd64'), b, removal)).toBe(b)
  })

  test('a line of Contents goes when no version is left in the index that it describes', () => {
    const line = { bytes: Buffer.from('bin/a utils/a\n') }
    const removed = [gone('a', packages('amd64'))]
    const without = (index: string, isNameKept: boolean) =>
      format().withoutPackages(index, line, { removed, isNameKept: () => isNameKept })

    expect(without('main/Contents-amd64', false)).toBeUndefined()
    expect(without('Contents-amd64', false)).toBeUndefined()
    expect(without('main/Contents-amd64', true)).toBe(line)
    expect(without('main/Contents-arm64', false)).toBe(line)
    expect(without('contrib/Contents-amd64', false)).toBe(line)
  })
})

describe('the garbage of a suite', () => {
  test('is looked for below its own names by hash only, and foreign files are none', async () => {
    await writeSuite(storage, {
      indexes: { [packages('amd64')]: 'x', 'main/Contents-amd64': 'a b\n', 'main/i18n/Translation-en': 'x' },
      forms: [''],
    })
    const entry = await entryNow()

    expect(format().indexPrefixes(entry)).toEqual([
      'dists/stable/main/by-hash/',
      'dists/stable/main/binary-amd64/by-hash/',
    ])
    expect(format().otherFiles(entry)).toEqual([
      'dists/stable/InRelease',
      'dists/stable/Release',
      'dists/stable/Release.gpg',
      'dists/stable/main/i18n/Translation-en',
      `dists/stable/main/i18n/by-hash/SHA256/${hash('x')}`,
    ])
  })

  test('is not what other suites list, nested ones too', async () => {
    for (const suite of ['dists/stable', 'dists/stable/updates', 'dists/testing']) {
      await writeSuite(storage, { folder: suite, indexes: { [packages('amd64')]: 'x' } })
    }
    await storage.put('dists/testing/main/binary-amd64/Release', Buffer.from('Archive: testing\n'))
    await writeSuite(storage, { folder: 'deb', indexes: { Packages: 'x' } })
    await storage.put('.hawser/deb/latest.json', Buffer.from('{}'))
    await storage.put('.hawser/repodata/latest.json', Buffer.from('{}'))

    const siblings = await format().siblings(storage, {})
    expect(siblings.map((sibling) => sibling.folder)).toEqual([
      'dists/stable/updates',
      'dists/testing',
      'deb',
    ])
  })
})
