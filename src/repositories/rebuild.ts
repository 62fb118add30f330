import { mkdtemp, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../errors.ts'
import { closing } from '../lib/atomic-file.ts'
import { type Base, IndexSets } from './base.ts'
import { packReader, recordDigest } from './find-entries.ts'
import { packPath, readGeneration } from './generation.ts'
import { type BuiltTable, lookupBuilder } from './lookup/build-table.ts'
import { hexKey, packageKey } from './lookup/keys.ts'
import type { LookupRecord } from './lookup/node.ts'
import { difference, find, type ReadRange } from './lookup/read-table.ts'
import type { OpenRepository, RepositoryState } from './open-state.ts'
import type { Fragment, IndexName } from './repository-format.ts'
import { type PreparedIndex, prepareIndex, withTemporaryFolder } from './rewrite.ts'
import { uploadIndexes } from './upload.ts'

/**
 * The base of a repository that something else wrote, or whose records are gone: its indexes are read as a stream and
 * written anew in a form that can be extended. Nothing that readers see changes by it, and what is refused writes nothing.
 */
export async function rebuildBase(
  repository: OpenRepository,
  state: RepositoryState,
  signal: AbortSignal,
): Promise<Base> {
  return withTemporaryFolder(async (folder) => {
    const { base, pack, indexes } = await rebuilt(repository, state, folder, signal)
    if (repository.adopt !== true) await refuseLoss(repository, state, { base, pack }, signal)
    for (const { upload } of indexes) await upload()
    if (pack !== undefined) await uploadPack(repository, pack, signal)
    return base
  })
}

interface Rebuilt {
  readonly base: Base
  readonly pack: BuiltTable['pack']
  readonly indexes: readonly PreparedIndex[]
}

async function rebuilt(
  { format, storage }: OpenRepository,
  { entry }: RepositoryState,
  folder: string,
  signal: AbortSignal,
): Promise<Rebuilt> {
  if (entry === undefined) throw new Error('An absent repository has nothing to rebuild from')
  const sets = new IndexSets([])
  const builder = await lookupBuilder(folder, mergeSets(sets))
  const indexes = new Map<IndexName, PreparedIndex>()
  for (const index of entry.indexes.keys()) {
    const each = async (fragment: Fragment): Promise<Fragment> => {
      const record = recordOf(fragment, index, sets)
      if (record !== undefined) await builder.add(record)
      return fragment
    }
    const own = await mkdtemp(join(folder, 'index-'))
    indexes.set(index, await prepareIndex({ format, storage, entry, index, each, signal }, own))
  }
  const { root, pack } = await builder.finish()
  const states = new Map([...indexes].map(([index, { state }]) => [index, state]))
  return { base: { indexes: states, lookup: root, sets: sets.sets }, pack, indexes: [...indexes.values()] }
}

async function uploadPack(
  { format, storage }: OpenRepository,
  { sha256, file, sizeBytes }: NonNullable<BuiltTable['pack']>,
  signal: AbortSignal,
): Promise<void> {
  const upload = {
    path: packPath(format.folder, sha256),
    body: { file, sizeBytes },
    contentType: 'application/octet-stream',
    caching: 'immutable' as const,
  }
  await uploadIndexes(storage, [upload], signal)
}

function recordOf({ entry }: Fragment, index: IndexName, sets: IndexSets): LookupRecord | undefined {
  if (entry === undefined) return undefined
  const { name, version, architecture, path, sizeBytes, sha256 } = entry
  const key = packageKey(name, version, architecture)
  return { key, sha256: recordDigest(sha256), path, sizeBytes, set: sets.numberOf([index]) }
}

/** The same package in several indexes is one record. */
const mergeSets =
  (sets: IndexSets) =>
  (a: LookupRecord, b: LookupRecord): LookupRecord => ({
    ...a,
    set: sets.numberOf([...(sets.sets[a.set] ?? []), ...(sets.sets[b.set] ?? [])]),
  })

/** A foreign change may add to what we published, but not take away or exchange. */
async function refuseLoss(
  { format, storage }: OpenRepository,
  { ref, latest }: RepositoryState,
  { base: { lookup }, pack }: Pick<Rebuilt, 'base' | 'pack'>,
  signal: AbortSignal,
): Promise<void> {
  const { folder } = format
  // The record that the entry names fits what it lists, so nothing else wrote it: only the lookup table is damaged. The name
  // alone is not enough, since a tool that passes unknown fields on keeps it beside other indexes.
  if (ref !== undefined) return
  const before = latest === undefined ? undefined : await readGeneration(storage, folder, latest, signal)
  if (before === undefined) return
  const stored = packReader(storage, folder, signal)
  const read: ReadRange = (name, start, end) =>
    name === pack?.sha256 ? readRange(pack.file, start, end) : stored(name, start, end)
  for await (const { side, record } of difference(before.lookup, lookup, read)) {
    if (side !== 'a' || record.path === '') continue
    const known = (await find(lookup, [record.key], read)).get(hexKey(record.key)) ?? []
    if (known.some(({ sha256 }) => sha256 === record.sha256)) continue
    throw new Refusal(
      'REPOSITORY_SHRINK',
      `Something else wrote the index in ${storage.location}, and it has lost ${record.path} (sha256 ${record.sha256}), which Hawser published.`,
      {
        hint:
          'Nothing was changed. Publish that package again with the tool that wrote the index, or use "hawser repo rollback" ' +
          'to restore what was published; with "adopt: true" the state that is there is taken as it is.',
      },
    )
  }
}

async function readRange(file: string, start: number, end: number): Promise<Uint8Array> {
  const handle = await open(file)
  return closing(handle, async () => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(end - start), 0, end - start, start)
    return buffer.subarray(0, bytesRead)
  })
}
