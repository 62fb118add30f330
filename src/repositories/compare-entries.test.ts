import { describe, expect, test } from 'vitest'
import { compareEntries, type WantedPackage } from './compare-entries.ts'
import type { PackageEntry, RepositoryState } from './repository-format.ts'

const entry = (more: Partial<PackageEntry> = {}): PackageEntry => ({
  name: 'hello',
  version: '1.0-1',
  architecture: 'amd64',
  path: 'pool/main/h/hello/hello_1.0-1_amd64.deb',
  sizeBytes: 4,
  sha256: 'aa',
  ...more,
})
const state = (...entries: PackageEntry[]): RepositoryState => ({
  exists: true,
  entryVersion: '1',
  signature: { status: 'absent' },
  entries,
  index: undefined,
})
const wanted = (of: PackageEntry): WantedPackage => ({
  entry: of,
  input: {
    file: '/nowhere',
    artifact: { name: 'hello.deb', kind: 'deb', digest: `sha256:${'a'.repeat(64)}`, sizeBytes: 4 },
  },
})

describe('a wanted package is', () => {
  test('missing when no entry has its name, version and architecture', () => {
    const { missing } = compareEntries(state(entry({ version: '0.9-1' })), [wanted(entry())])

    expect(missing).toHaveLength(1)
  })

  test('present when an entry has its bytes, told with the path that the entry has', () => {
    const there = entry({ path: 'pool/contrib/hello.deb' })

    expect(compareEntries(state(there), [wanted(entry())]).present).toEqual([there])
  })

  test('in conflict when an entry of its identity has other bytes', () => {
    const there = entry({ sha256: 'bb' })

    expect(compareEntries(state(there), [wanted(entry())]).conflicting).toEqual([
      { wanted: entry(), existing: there },
    ])
  })
})
