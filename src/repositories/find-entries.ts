import { createHash } from 'node:crypto'
import type { Storage } from '../storage/storage.ts'
import type { Generation } from './generation.ts'
import { packPath } from './generation.ts'
import { hexKey, packageKey } from './lookup/keys.ts'
import type { LookupRecord } from './lookup/node.ts'
import { find, type ReadRange } from './lookup/read-table.ts'
import type { PackageEntry, ReadOptions, RepositoryEntry, RepositoryFormat } from './repository-format.ts'

export type PackageIdentity = Pick<PackageEntry, 'name' | 'version' | 'architecture'>

/** `name version architecture` as one text, for maps. */
export const identityOf = ({ name, version, architecture }: PackageIdentity): string =>
  [name, version, architecture].join('\n')

export type FoundEntries = ReadonlyMap<string, readonly PackageEntry[]>

/** What a repository lists under the identities of `wanted`: by the lookup table, in a few small reads. */
export async function findByLookup(
  storage: Storage,
  folder: string,
  generation: Pick<Generation, 'lookup' | 'sets'>,
  wanted: readonly PackageIdentity[],
  signal?: AbortSignal,
): Promise<FoundEntries> {
  const keys = wanted.map(({ name, version, architecture }) => packageKey(name, version, architecture))
  const records = await find(generation.lookup, keys, packReader(storage, folder, signal))
  const found = new Map<string, PackageEntry[]>()
  for (const entry of wanted) {
    const { name, version, architecture } = entry
    const known = records.get(hexKey(packageKey(name, version, architecture))) ?? []
    if (known.length > 0)
      found.set(
        identityOf(entry),
        known.map((record) => entryOf(entry, record, generation.sets)),
      )
  }
  return found
}

function entryOf(
  { name, version, architecture }: PackageIdentity,
  { path, sizeBytes, sha256, set }: LookupRecord,
  sets: readonly (readonly string[])[],
): PackageEntry {
  return { name, version, architecture, path, sizeBytes, sha256, listedIn: sets[set] ?? [] }
}

/** A record holds 32 bytes: for a foreign index that has no SHA-256 of a package, the digest of what it has. */
export const recordDigest = (sha256: string): string =>
  /^[0-9a-f]{64}$/.test(sha256) ? sha256 : createHash('sha256').update(sha256).digest('hex')

export const packReader =
  (storage: Storage, folder: string, signal?: AbortSignal): ReadRange =>
  async (pack, start, end) => {
    const stored = await storage.get(packPath(folder, pack), { range: { start, end }, signal })
    return stored?.bytes()
  }

/** The same by reading all indexes, for a repository without our records. */
export async function findByReading(
  format: RepositoryFormat,
  storage: Storage,
  entry: RepositoryEntry,
  wanted: readonly PackageIdentity[],
  options: ReadOptions,
): Promise<FoundEntries> {
  const identities = new Set(wanted.map(identityOf))
  const found = new Map<string, Map<string, PackageEntry & { listedIn: string[] }>>()
  for await (const listed of entriesOf(format, storage, entry, options)) {
    const identity = identityOf(listed)
    if (!identities.has(identity)) continue
    const known = found.get(identity) ?? new Map()
    found.set(identity, known)
    const key = `${listed.sha256} ${listed.path}`
    const same = known.get(key)
    if (same === undefined) known.set(key, { ...listed, listedIn: [...(listed.listedIn ?? [])] })
    else same.listedIn.push(...(listed.listedIn ?? []))
  }
  return new Map([...found].map(([identity, entries]) => [identity, [...entries.values()]]))
}

/** Every package that is listed, once for each index that lists it. */
export async function* entriesOf(
  format: RepositoryFormat,
  storage: Storage,
  entry: RepositoryEntry,
  options: ReadOptions,
): AsyncGenerator<PackageEntry> {
  for (const index of entry.indexes.keys()) {
    if (!format.listsPackages(index)) continue
    const { fragments } = await format.openIndex(storage, entry, index, options)
    for await (const fragment of fragments) if (fragment.entry !== undefined) yield fragment.entry
  }
}
