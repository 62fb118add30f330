import { Refusal } from '../errors.ts'
import { type Base, IndexSets } from './base.ts'
import { packReader, recordDigest } from './find-entries.ts'
import { packPath, readGeneration } from './generation.ts'
import { lookupBuilder } from './lookup/build-table.ts'
import { hexKey, packageKey } from './lookup/keys.ts'
import type { LookupRecord } from './lookup/node.ts'
import { difference, find } from './lookup/read-table.ts'
import type { OpenRepository, RepositoryState } from './open-state.ts'
import type { Fragment, IndexName } from './repository-format.ts'
import { rewriteIndex, withTemporaryFolder } from './rewrite.ts'
import { uploadIndexes } from './upload.ts'

/**
 * The base of a repository that something else wrote, or whose records are gone: its indexes are read as a stream and
 * written anew in a form that can be extended. Nothing that readers see changes by it.
 */
export async function rebuildBase(
  repository: OpenRepository,
  state: RepositoryState,
  signal: AbortSignal,
): Promise<Base> {
  const { format, storage } = repository
  const { entry } = state
  if (entry === undefined) throw new Error('An absent repository has nothing to rebuild from')
  const base = await withTemporaryFolder(async (folder) => {
    const sets = new IndexSets([])
    const builder = await lookupBuilder(folder, mergeSets(sets))
    const indexes = new Map<IndexName, Base['indexes'] extends ReadonlyMap<string, infer S> ? S : never>()
    for (const index of entry.indexes.keys()) {
      const each = async (fragment: Fragment): Promise<Fragment> => {
        const record = recordOf(fragment, index, sets)
        if (record !== undefined) await builder.add(record)
        return fragment
      }
      indexes.set(index, await rewriteIndex({ format, storage, entry, index, each, signal }))
    }
    const { root, pack } = await builder.finish()
    if (pack !== undefined) {
      const { sha256, file, sizeBytes } = pack
      const body = { file, sizeBytes }
      const upload = { path: packPath(format.folder, sha256), body, contentType: 'application/octet-stream' }
      await uploadIndexes(storage, [{ ...upload, caching: 'immutable' }], signal)
    }
    return { indexes, lookup: root, sets: sets.sets }
  })
  if (repository.adopt !== true) await refuseLoss(repository, state, base, signal)
  return base
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
  { lookup }: Base,
  signal: AbortSignal,
): Promise<void> {
  const { folder } = format
  // The record that the entry names fits what it lists, so nothing else wrote it: only the lookup table is damaged. The name
  // alone is not enough, since a tool that passes unknown fields on keeps it beside other indexes.
  if (ref !== undefined) return
  const before = latest === undefined ? undefined : await readGeneration(storage, folder, latest, signal)
  if (before === undefined) return
  const read = packReader(storage, folder, signal)
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
