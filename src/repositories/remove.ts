import type { Base } from './base.ts'
import { clientUploads } from './client-files.ts'
import { commitGeneration, packUpload } from './commit.ts'
import { entriesOf, packReader, recordDigest } from './find-entries.ts'
import { hexKey, packageKey } from './lookup/keys.ts'
import { find, scan } from './lookup/read-table.ts'
import { update } from './lookup/update-table.ts'
import { openState } from './open-state.ts'
import { baseToExtend, type PublishRequest, racing, wholeSeconds } from './publish.ts'
import { absentError } from './refresh.ts'
import type { IndexName, PackageEntry, Removal, RepositoryEntry } from './repository-format.ts'
import { rewriteIndex } from './rewrite.ts'
import { settle } from './settle.ts'

export interface RemoveRequest extends Omit<PublishRequest, 'additions'> {
  readonly unwanted: (entry: PackageEntry) => boolean
  /** Called when all packages have been seen and before anything is written; may throw. */
  readonly confirm?: () => void
}

/**
 * Takes packages out of the indexes: the one way in which an index gets smaller. Their files stay until `gc`, so that
 * readers of older indexes still find them, and a rollback can bring them back.
 */
export async function removePackages(request: RemoveRequest): Promise<readonly PackageEntry[]> {
  const signal = request.signal ?? new AbortController().signal
  const client = clientUploads(request)
  return racing(request, signal, async () => {
    const { format, storage, cause, date } = request
    const state = await openState(request)
    const { entry } = state
    if (entry === undefined) throw absentError(storage.location)
    const removal = await removalOf(request, entry)
    request.confirm?.()
    if (removal.removed.length === 0) return []
    const start = await baseToExtend(request, state, signal)
    const indexes = new Map(start.indexes)
    for (const index of indexes.keys()) {
      const each = (fragment: Parameters<typeof format.withoutPackages>[1]) =>
        format.withoutPackages(index, fragment, removal)
      indexes.set(index, await rewriteIndex({ format, storage, entry, index, each, signal }))
    }
    const { root, pack } = await withoutRecords(request, start, removal.removed, signal)
    const next = {
      base: { indexes, lookup: root, sets: start.sets },
      cause: { ...cause, kind: 'remove' as const },
      added: [],
      removed: removal.removed,
      date: wholeSeconds(date),
    }
    const staged = pack === undefined ? [] : [packUpload(format, pack)]
    const committed = await commitGeneration({ ...request, state, next, additions: [], staged }, signal)
    if (committed === undefined) return undefined
    await settle({ ...request, client }, committed.version, signal)
    return removal.removed
  })
}

async function removalOf(
  { format, storage, verifier, unwanted, signal }: RemoveRequest,
  entry: RepositoryEntry,
): Promise<Removal> {
  const removed = new Map<string, PackageEntry & { listedIn: IndexName[] }>()
  const kept = new Set<string>()
  for await (const listed of entriesOf(format, storage, entry, { verifier, signal })) {
    const { name, path, sha256, listedIn = [] } = listed
    if (!unwanted(listed)) {
      for (const index of listedIn) kept.add(`${index}\n${name}`)
      continue
    }
    const known = removed.get(`${path} ${sha256}`)
    if (known === undefined) removed.set(`${path} ${sha256}`, { ...listed, listedIn: [...listedIn] })
    else known.listedIn.push(...listedIn)
  }
  return {
    removed: [...removed.values()],
    isNameKept: (name, index) => kept.has(`${index}\n${name}`),
  }
}

async function withoutRecords(
  { format, storage }: RemoveRequest,
  { lookup }: Base,
  removed: readonly PackageEntry[],
  signal: AbortSignal,
) {
  const read = packReader(storage, format.folder, signal)
  const keys = removed.map(({ name, version, architecture }) => packageKey(name, version, architecture))
  const known = await find(lookup, keys, read)
  const remove = removed.flatMap(({ sha256 }, index) =>
    (known.get(hexKey(keys[index] ?? new Uint8Array(0))) ?? []).filter(
      (record) => record.sha256 === recordDigest(sha256),
    ),
  )
  // Contents are written without these packages, so what is remembered of their lines is no longer true.
  for await (const record of scan(lookup, read)) if (record.path === '') remove.push(record)
  return update(lookup, { add: [], remove }, read)
}
