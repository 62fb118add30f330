import { describe, expect, test } from 'vitest'
import { compareEntries } from './compare-entries.ts'
import { type FoundEntries, identityOf } from './find-entries.ts'
import type { Addition, PackageEntry } from './repository-format.ts'

const entry = (more: Partial<PackageEntry> = {}): PackageEntry => ({
  name: 'hello',
  version: '1.0-1',
  architecture: 'amd64',
  path: 'pool/main/h/hello/hello_1.0-1_amd64.deb',
  sizeBytes: 4,
  sha256: 'aa',
  ...more,
})

const listed = (...entries: PackageEntry[]): FoundEntries => Map.groupBy(entries, identityOf)

const wanted = (of: PackageEntry): Addition => ({
  entry: of,
  content: { body: { file: '/nowhere', sizeBytes: 4 }, contentType: 'text/plain' },
  facts: undefined,
})

describe('a wanted package is', () => {
  test('missing when no entry has its name, version and architecture', () => {
    const { missing } = compareEntries(listed(entry({ version: '0.9-1' })), [wanted(entry())])

    expect(missing).toHaveLength(1)
  })

  test('present when an entry has its bytes, told with the path that the entry has', () => {
    const there = entry({ path: 'pool/contrib/hello.deb' })

    expect(compareEntries(listed(there), [wanted(entry())]).present).toEqual([there])
  })

  test('missing when one of the indexes that have to list it does not', () => {
    const there = entry({ listedIn: ['main/binary-amd64/Packages'] })
    const indexesFor = () => ['main/binary-amd64/Packages', 'main/binary-arm64/Packages']

    expect(compareEntries(listed(there), [wanted(entry())], indexesFor).missing).toHaveLength(1)
  })

  test('in conflict when an entry of its identity has other bytes', () => {
    const there = entry({ sha256: 'bb' })

    expect(compareEntries(listed(there), [wanted(entry())]).conflicting).toEqual([
      { wanted: entry(), existing: there },
    ])
  })
})
