import { UserError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { ObjectVersion, Piece, Storage } from '../storage/storage.ts'
import type { Base } from './base.ts'
import {
  type Cause,
  changesMax,
  type Generation,
  type GenerationRef,
  latestPath,
  packPath,
  renderLatest,
  writeGeneration,
} from './generation.ts'
import type { OpenRepository, RepositoryState } from './open-state.ts'
import type { Addition, PackageEntry, RepositoryFormat, Upload } from './repository-format.ts'
import { put, uploadContent, uploadIndexes } from './upload.ts'

/** What the next generation is, before it has a number. */
export interface NextGeneration {
  readonly base: Base
  readonly cause: Cause
  readonly added: readonly PackageEntry[]
  readonly removed: readonly PackageEntry[]
  readonly date: Date
}

/** Bodies of indexes and packs of the lookup table: under names that hold their digest, so they harm nobody. */
export type Staged =
  | {
      readonly path: string
      readonly pieces: readonly Piece[]
      readonly copies: readonly string[]
      readonly contentType: string
    }
  | { readonly upload: Upload; readonly copies: readonly string[] }

export interface CommitRequest extends OpenRepository {
  readonly state: RepositoryState
  readonly next: NextGeneration
  readonly additions: readonly Addition[]
  readonly staged: readonly Staged[]
  /** Paths of packages that this process has brought there already, in an attempt that lost a race. */
  readonly uploaded?: Set<string> | undefined
}

export interface Committed {
  readonly ref: GenerationRef
  readonly version: ObjectVersion
}

const parallelMax = 8

/**
 * The safe write order: everything under names that nobody reads yet, then the one file that names them, by
 * compare-and-swap. Undefined: somebody else was faster, and nothing that a reader sees has changed.
 */
export async function commitGeneration(
  request: CommitRequest,
  signal: AbortSignal,
): Promise<Committed | undefined> {
  const { format, storage, signers, state, next } = request
  const record = writeGeneration(format.folder, generationOf(state, next))
  await checkAccepted(request, record.bytes)
  const { before, entry, after } = await format.renderEntry(state.entry, next.base.indexes, {
    signers,
    generation: record.ref,
    date: next.date,
    signal,
  })
  const named: Upload = {
    path: record.path,
    body: record.bytes,
    contentType: 'application/json',
    caching: 'immutable',
  }
  const stages: readonly ((stop: AbortSignal) => Promise<void>)[] = [
    (stop) => uploadContent(storage, request.additions, request.uploaded ?? new Set(), stop),
    ...request.staged.map((staged) => (stop: AbortSignal) => stage(storage, staged, stop)),
    (stop) => uploadIndexes(storage, [...before, named], stop),
  ]
  await mapLimited(stages, parallelMax, (work, stop) => work(stop), signal)

  const expected = state.entry?.version
  const condition = expected === undefined ? { ifAbsent: true as const } : { ifVersion: expected }
  const result = await put(storage, entry, condition, signal)
  if (result.status === 'conflict') return undefined
  for (const upload of after) await put(storage, upload, undefined, signal)
  await noteLatest(storage, format.folder, record.ref, signal)
  return { ref: record.ref, version: result.version }
}

/** Whether the next publish will accept what this one signs; found out before anything is written. */
async function checkAccepted({ signers, verifier, next }: CommitRequest, data: Uint8Array): Promise<void> {
  if (verifier === undefined || signers.length === 0) return
  let cause: unknown
  for (const signer of signers) {
    try {
      await verifier.verifyDetached(data, await signer.signDetached(data, next.date))
      return
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      cause = error
    }
  }
  throw new UserError(
    'REPOSITORY_KEY',
    'The keys that this repository trusts do not accept what its signing keys just signed, so the next publish would be refused.',
    { hint: 'Name the public part of every signing key among the trusted keys.', cause },
  )
}

function generationOf(
  { entry, ref, latest }: RepositoryState,
  { base, cause, added, removed, date }: NextGeneration,
): Generation {
  const before = ref ?? latest
  const numbers = [ref, latest, entry?.generation].map((known) => known?.sequence ?? 0)
  return {
    schema: 1,
    // Never a number that was there before, also when a foreign change lost the reference, or when the records are gone.
    sequence: Math.max(...numbers) + 1,
    previous: before === undefined ? null : { sequence: before.sequence, sha256: before.sha256 },
    date: date.toISOString(),
    cause,
    added: changesOf(added),
    removed: changesOf(removed),
    addedCount: added.length,
    removedCount: removed.length,
    indexes: Object.fromEntries(base.indexes),
    sets: base.sets.map((names) => [...names]),
    lookup: base.lookup,
  }
}

/** By path: the same publish gives the same record, in whatever order its packages came. */
const changesOf = (entries: readonly PackageEntry[]): Generation['added'] =>
  entries
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .slice(0, changesMax)
    .map(({ path, sha256 }) => ({ path, sha256 }))

async function stage(storage: Storage, staged: Staged, signal: AbortSignal): Promise<void> {
  const caching = 'immutable' as const
  const [path, contentType] =
    'upload' in staged ? [staged.upload.path, staged.upload.contentType] : [staged.path, staged.contentType]
  if ('upload' in staged) await uploadIndexes(storage, [staged.upload], signal)
  else await storage.compose(path, staged.pieces, { contentType, caching, signal })
  for (const copy of staged.copies) {
    const isCopied = await storage.copy({ path }, copy, { contentType, caching, signal })
    if (!isCopied) throw new Error(`${path} vanished right after it was written`)
  }
}

export const packUpload = (
  format: RepositoryFormat,
  pack: { readonly sha256: string; readonly bytes: Uint8Array },
): Staged => ({
  upload: {
    path: packPath(format.folder, pack.sha256),
    body: pack.bytes,
    contentType: 'application/octet-stream',
    caching: 'immutable',
  },
  copies: [],
})

/** A hint for the next publisher; whoever writes it last may be late, so it is only ever taken as "at least". */
export async function noteLatest(
  storage: Storage,
  folder: string,
  ref: GenerationRef,
  signal: AbortSignal,
): Promise<void> {
  const upload = {
    path: latestPath(folder),
    body: renderLatest(ref),
    contentType: 'application/json',
    caching: 'entry' as const,
  }
  await put(storage, upload, undefined, signal)
}
