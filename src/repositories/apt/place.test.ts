import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileStorage } from '../../storage/file/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Addition } from '../repository-format.ts'
import type { AptFacts } from './prepare.ts'
import { addition, format, packages, stanza, writeSuite } from './testdata/foreign-suite.ts'

let folder: string
let storage: Storage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-apt-'))
  storage = fileStorage(folder)
})
afterEach(() => rm(folder, { recursive: true }))

describe('what packages put into which index', () => {
  async function placed(
    additions: readonly Addition<AptFacts>[],
    counts: Readonly<Record<string, number>> = {},
    options: object = {},
  ): Promise<readonly string[]> {
    const entry = await format(options).readEntry(storage, {})
    const context = { storage, isSigned: false, counts: new Map(Object.entries(counts)) }
    const placements = await format(options).place(entry, additions, context)
    return placements.map(({ index, bytes, entry: listed, once }) =>
      listed === undefined
        ? `${index}: ${once} ${Buffer.from(bytes).toString().trim()}`
        : `${index}: ${listed.name} ${listed.version} ${listed.architecture}`,
    )
  }

  test('in a new repository: every architecture, "all" in each, in the order of names and versions', async () => {
    const additions = [addition('b'), addition('a', 'all'), addition('b', 'amd64', '0.9')]

    expect(await placed(additions)).toEqual([
      'main/binary-amd64/Packages: a 1.0 all',
      'main/binary-amd64/Packages: b 0.9 amd64',
      'main/binary-amd64/Packages: b 1.0 amd64',
      'main/Contents-amd64: utils/a bin/a utils/a',
      'main/Contents-amd64: utils/b bin/b utils/b',
      'main/Contents-amd64: utils/b bin/b utils/b',
      'main/binary-arm64/Packages: a 1.0 all',
      'main/Contents-arm64: utils/a bin/a utils/a',
    ])
  })

  test('an architecture that is new starts with the packages that run everywhere', async () => {
    const there = stanza({ name: 'data', architecture: 'all' }) + stanza({ name: 'tool' })
    await writeSuite(storage, {
      indexes: { [packages('amd64')]: there, [packages('amd64', 'contrib')]: there },
    })
    const counts = { [packages('amd64')]: 2, [packages('amd64', 'contrib')]: 2 }

    expect(await placed([addition('new', 'riscv64')], counts)).toEqual([
      'main/binary-riscv64/Packages: data 1.0 all',
      'main/binary-riscv64/Packages: new 1.0 riscv64',
    ])
  })

  test('a declared architecture that is new gets them too, without any package of its own', async () => {
    await writeSuite(storage, {
      indexes: { [packages('amd64')]: stanza({ name: 'data', architecture: 'all' }) },
    })

    expect(await placed([], { [packages('amd64')]: 1 }, { architectures: ['arm64'] })).toEqual([
      'main/binary-arm64/Packages: data 1.0 all',
    ])
  })

  test('a binary-all index goes on where there is one', async () => {
    const indexes = { [packages('amd64')]: stanza({ name: 'x' }), [packages('all')]: '' }
    await writeSuite(storage, { indexes })

    expect(await placed([addition('d', 'all')], { [packages('amd64')]: 1, [packages('all')]: 0 })).toEqual(
      ['main/binary-all/Packages: d 1.0 all', 'main/binary-amd64/Packages: d 1.0 all'].toReversed(),
    )
  })

  test('Contents go on where they are, in a component or above all', async () => {
    const indexes = {
      [packages('amd64')]: stanza({ name: 'x' }),
      'main/Contents-amd64': 'bin/x x\n',
      'Contents-amd64': 'bin/x x\n',
    }
    await writeSuite(storage, { indexes })
    const counts = { [packages('amd64')]: 1, 'main/Contents-amd64': 1, 'Contents-amd64': 1 }

    const found = await placed([addition('a')], counts)
    expect(found.slice(1)).toEqual([
      'main/Contents-amd64: utils/a bin/a utils/a',
      'Contents-amd64: utils/a bin/a utils/a',
    ])
  })

  test('Contents do not start beside packages that they would not name', async () => {
    await writeSuite(storage, { indexes: { [packages('amd64')]: stanza({ name: 'x' }) } })

    expect(await placed([addition('a')], { [packages('amd64')]: 1 })).toHaveLength(1)
    expect(await placed([addition('a')], { [packages('amd64')]: 0 })).toHaveLength(2)
  })

  test('in a flat repository there is one index for all', async () => {
    expect(
      await placed([addition('a'), addition('b', 'all'), addition('c', 'arm64')], {}, { suite: './' }),
    ).toEqual(['Packages: a 1.0 amd64', 'Packages: b 1.0 all', 'Packages: c 1.0 arm64'])
  })
})

test('a package must be in the index of its architecture, and "all" packages in every one of their component', async () => {
  const indexes = { [packages('amd64')]: '', [packages('all')]: '', [packages('riscv64', 'contrib')]: '' }
  await writeSuite(storage, { indexes, fields: 'Architectures: amd64 riscv64\n' })
  const entry = await format().readEntry(storage, {})
  const indexesFor = (architecture: string, options: object = {}) =>
    format(options).indexesFor?.(entry, addition('x', architecture).entry)

  expect(indexesFor('arm64')).toEqual([packages('arm64')])
  expect(indexesFor('all')).toEqual([packages('amd64'), packages('riscv64'), packages('all')])
  expect(indexesFor('all', { component: 'contrib', architectures: ['mips'] })).toEqual([
    packages('amd64', 'contrib'),
    packages('mips', 'contrib'),
    packages('riscv64', 'contrib'),
  ])
  expect(indexesFor('all', { suite: './' })).toEqual(['Packages'])
})
