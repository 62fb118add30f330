import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileStorage } from '../../storage/file/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import type { RenderContext } from '../repository-format.ts'
import { format, packages, stateOf, writeSuite } from './testdata/foreign-suite.ts'

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

describe('the entry', () => {
  const context: RenderContext = {
    signers: [],
    generation: { sequence: 2, sha256: 'b'.repeat(64) },
    date: new Date('2025-08-01T00:00:00Z'),
  }

  test('lists exactly the indexes, with foreign files and unknown fields as they were', async () => {
    await writeSuite(storage, {
      indexes: { [packages('amd64')]: 'old', [packages('riscv64')]: 'old', 'main/i18n/Translation-en': 'x' },
      forms: ['', '.gz', '.bz2'],
      sections: ['MD5Sum', 'SHA256'],
    })
    const previous = await entryNow()

    const { entry } = await format().renderEntry(
      previous,
      new Map([[packages('amd64'), stateOf('new')]]),
      context,
    )
    const text = Buffer.from(entry.body as Uint8Array).toString()
    const names = [...(text.split('SHA256:')[1]?.matchAll(/^ \S+ +\d+ (.*)$/gm) ?? [])].map(
      ([, name]) => name,
    )
    expect(names).toEqual([
      'main/binary-amd64/Packages',
      'main/binary-amd64/Packages.gz',
      'main/i18n/Translation-en',
      'main/i18n/Translation-en.bz2',
      'main/i18n/Translation-en.gz',
    ])
    expect(text).toContain('X-Unknown: kept\n')
    expect(text).toContain(`Hawser-Generation: 2 ${'b'.repeat(64)}\n`)
    expect(entry.path).toBe('dists/stable/InRelease')
  })

  test('of a flat repository has neither components nor a suite', async () => {
    const flat = format({ suite: './', origin: 'Example' })
    const { entry } = await flat.renderEntry(undefined, new Map([['Packages', stateOf('x')]]), context)

    expect(entry.path).toBe('InRelease')
    const fields = Buffer.from(entry.body as Uint8Array)
      .toString()
      .split('SHA256:')[0]
    expect(fields).not.toMatch(/^(Suite|Components|Architectures):/m)
  })

  test('an index keeps the forms and digests that it has, among those that we write', async () => {
    await writeSuite(storage, {
      indexes: { [packages('amd64')]: 'x' },
      forms: ['.zst', '.bz2'],
      sections: ['MD5Sum', 'SHA256', 'SHA512'],
    })
    const entry = await entryNow()

    expect(format().shapeOf(entry, packages('amd64'))).toMatchObject({
      forms: ['gzip', 'zstd'],
      algorithms: ['md5', 'sha256', 'sha512'],
    })
    expect(format({ compressions: ['xz'] }).shapeOf(entry, packages('arm64'))).toMatchObject({
      forms: ['gzip', 'xz'],
    })
    expect(format().shapeOf(undefined, packages('amd64'))).toMatchObject({
      forms: ['gzip'],
      algorithms: ['sha256'],
    })
  })

  test('apt asks for an index by the strongest digest that is listed', () => {
    const digests = { md5: 'm', sha256: 'a', sha512: 'b' }

    expect(format().bodyPaths(packages('amd64'), 'gzip', digests)).toEqual([
      'dists/stable/main/binary-amd64/by-hash/SHA256/a',
      'dists/stable/main/binary-amd64/by-hash/SHA512/b',
    ])
    expect(format({ suite: 'deb/' }).bodyPaths('Packages', 'gzip', { sha256: 'a' })).toEqual([
      'deb/by-hash/SHA256/a',
    ])
  })
})
