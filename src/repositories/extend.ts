import { createHash } from 'node:crypto'
import type { CompressionKind } from '../archive/compression.ts'
import type { Storage } from '../storage/storage.ts'
import { appendToIndex, canAppend } from './append/append.ts'
import type { IndexState } from './append/index-state.ts'
import { type Base, IndexSets } from './base.ts'
import type { Staged } from './commit.ts'
import { packUpload } from './commit.ts'
import { packReader, recordDigest } from './find-entries.ts'
import { hexKey, onceKey, packageKey } from './lookup/keys.ts'
import type { LookupRecord } from './lookup/node.ts'
import { find } from './lookup/read-table.ts'
import { update } from './lookup/update-table.ts'
import type {
  IndexName,
  IndexShape,
  Placement,
  RepositoryEntry,
  RepositoryFormat,
} from './repository-format.ts'
import { rewriteIndex } from './rewrite.ts'

export interface Extension {
  readonly base: Base
  readonly staged: readonly Staged[]
}

export interface ExtendRequest {
  readonly format: RepositoryFormat
  readonly storage: Storage
  readonly entry: RepositoryEntry | undefined
  readonly base: Base
  readonly placements: readonly Placement[]
  readonly signal: AbortSignal
}

/**
 * The base with more in its indexes. What is read and made is proportional to the placements: the tail of each index
 * that is extended, and some nodes of the lookup table.
 */
export async function extendBase(request: ExtendRequest): Promise<Extension> {
  const { format, storage, entry, base, signal } = request
  const sets = new IndexSets(base.sets)
  const { placements, add, remove } = await settlePlacements(request, sets)
  const indexes = new Map(base.indexes)
  const staged: Staged[] = []
  for (const [index, parts] of byIndex(format, entry, base, placements)) {
    const extended = await extendIndex(request, index, parts)
    indexes.set(index, extended.state)
    staged.push(...extended.staged)
  }
  const { root, pack } = await update(
    base.lookup,
    { add, remove },
    packReader(storage, format.folder, signal),
  )
  if (pack !== undefined) staged.push(packUpload(format, pack))
  return { base: { indexes, lookup: root, sets: sets.sets }, staged }
}

/** What is really new: nothing that an index has already; and what the lookup table is to say afterwards. */
async function settlePlacements(
  { format, storage, base, placements, signal }: ExtendRequest,
  sets: IndexSets,
) {
  const known = await find(
    base.lookup,
    placements.flatMap((placement) => keyOf(placement) ?? []),
    packReader(storage, format.folder, signal),
  )
  const changes = new Map<string, { readonly before: LookupRecord | undefined; record: LookupRecord }>()
  const wanted = placements.filter((placement) => {
    const key = keyOf(placement)
    if (key === undefined) return true
    const record = recordOf(key, placement, sets)
    // Not by path: an adopted repository has its own layout.
    const id = `${hexKey(key)} ${record.sha256}`
    const before = known.get(hexKey(key))?.find(({ sha256 }) => sha256 === record.sha256)
    const present = changes.get(id)?.record ?? before
    const names = present === undefined ? [] : (sets.sets[present.set] ?? [])
    if (present !== undefined && (placement.entry === undefined || names.includes(placement.index)))
      return false
    const set = placement.entry === undefined ? record.set : sets.numberOf([...names, placement.index])
    changes.set(id, { before, record: { ...(present ?? record), set } })
    return true
  })
  const all = [...changes.values()]
  return {
    placements: wanted,
    add: all.map(({ record }) => record),
    remove: all.flatMap(({ before }) => before ?? []),
  }
}

function keyOf({ index, entry, once }: Placement): Uint8Array | undefined {
  if (entry !== undefined) return packageKey(entry.name, entry.version, entry.architecture)
  return once === undefined ? undefined : onceKey(index, once)
}

function recordOf(key: Uint8Array, { entry, bytes }: Placement, sets: IndexSets): LookupRecord {
  if (entry === undefined) {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { key, sha256, path: '', sizeBytes: 0, set: sets.numberOf([]) }
  }
  const { path, sha256, sizeBytes } = entry
  return { key, sha256: recordDigest(sha256), path, sizeBytes, set: 0 }
}

/** In canonical order; indexes that have to exist come even without anything new. */
function byIndex(
  format: RepositoryFormat,
  entry: RepositoryEntry | undefined,
  { indexes }: Base,
  placements: readonly Placement[],
): readonly (readonly [IndexName, readonly Uint8Array[]])[] {
  const groups = new Map<IndexName, Uint8Array[]>()
  for (const index of format.requiredIndexes(entry)) if (!indexes.has(index)) groups.set(index, [])
  for (const { index, bytes } of placements) {
    const group = groups.get(index)
    if (group === undefined) groups.set(index, [bytes])
    else group.push(bytes)
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

async function extendIndex(
  request: ExtendRequest,
  index: IndexName,
  fragments: readonly Uint8Array[],
): Promise<{ readonly state: IndexState; readonly staged: readonly Staged[] }> {
  const { format, storage, entry, signal } = request
  const shape: IndexShape = format.shapeOf(entry, index)
  const previous = await appendable(request, index, shape)
  const { state, forms } = await appendToIndex({
    previous,
    ...shape,
    fragments,
    readTail: (form) => readTail(storage, previous, form, signal),
    pathOf: (form, digests) => format.bodyPaths(index, form, digests)[0],
  })
  const staged = forms.map(({ form, path, digests, kept, bytes }) => ({
    path,
    pieces: kept === undefined ? [bytes] : [kept, bytes],
    copies: format.bodyPaths(index, form, digests).slice(1),
    contentType: format.contentTypeOf(index, form),
  }))
  return { state, staged }
}

/** An index that is asked for in another form, or with other digests than so far, is written anew once. */
async function appendable(
  { format, storage, entry, base, signal }: ExtendRequest,
  index: IndexName,
  shape: IndexShape,
): Promise<IndexState | undefined> {
  const previous = base.indexes.get(index)
  if (previous === undefined || canAppend(previous, shape)) return previous
  if (entry === undefined) throw new Error(`The index "${index}" has a state, and there is no repository`)
  return rewriteIndex({ format, storage, entry, index, shape, signal })
}

async function readTail(
  storage: Storage,
  state: IndexState | undefined,
  form: CompressionKind,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const body = Object.entries(state?.forms ?? {}).find(([kind]) => kind === form)?.[1]
  if (body === undefined) return undefined
  const stored = await storage.get(body.path, { range: { start: body.sealed.sizeBytes }, signal })
  return stored?.bytes()
}
