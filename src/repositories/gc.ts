import { UserError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import { type ListedObject, type Storage, temporaryFolder } from '../storage/storage.ts'
import { formKinds } from './append/index-state.ts'
import { entriesOf, packReader } from './find-entries.ts'
import {
  type Generation,
  type GenerationRef,
  packPath,
  packsFolder,
  recordPath,
  recordsFolder,
} from './generation.ts'
import { generationsBack } from './history.ts'
import { difference, packsOf, scan } from './lookup/read-table.ts'
import { type OpenRepository, openState, type RepositoryState } from './open-state.ts'
import { PathTable } from './path-table.ts'
import { absentError } from './refresh.ts'
import type { RepositoryFormat } from './repository-format.ts'
import { put } from './upload.ts'

export interface CollectRequest extends OpenRepository {
  /** Generations to keep, the present one among them; at least 1. */
  readonly keep: number
  /** Nothing younger is deleted: a publisher or a reader may be using it. */
  readonly graceMs: number
  /** Only tell what would be deleted. */
  readonly dryRun: boolean
}

export interface Collected {
  readonly deleted: readonly ListedObject[]
  readonly keptGenerations: number
}

/**
 * Deletes what no kept generation names: records first, so that a record that is there is complete; then bodies of
 * indexes, lookup packs and packages. Interrupted and repeated it goes on where it was.
 */
export async function collectGarbage(request: CollectRequest): Promise<Collected> {
  const { format, storage, keep, dryRun } = request
  const signal = request.signal ?? new AbortController().signal
  const state = await openState(request)
  if (state.entry === undefined) throw absentError(storage.location)
  if (state.ref === undefined) throw unknownError(storage)
  const kept = await keptGenerations(storage, format.folder, state.ref, keep, signal)
  const named = new PathTable()
  const keepPath = (path: string): void => void named.add(path, 0)
  format.otherFiles(state.entry).forEach(keepPath)
  for (const { ref, generation } of kept) {
    keepPath(recordPath(format.folder, ref))
    nameIndexes(format, generation, keepPath)
  }
  await namePacks(request, kept, keepPath)
  await namePackages(request, kept, keepPath, signal)
  const before = new Date((await clockOf(storage, format.folder, signal)).getTime() - request.graceMs)
  const deleted: ListedObject[] = []
  for (const prefix of prefixesOf(format, state)) {
    const garbage: ListedObject[] = []
    for await (const object of storage.list(prefix, { signal })) {
      const isGarbage = named.find(object.path) === undefined && mayBeGarbage(format, object.path)
      if (isGarbage && object.modifiedAt < before) garbage.push(object)
    }
    if (!dryRun)
      await mapLimited(garbage, 8, ({ path }, stop) => deleteOld(storage, path, before, stop), signal)
    deleted.push(...garbage)
  }
  return { deleted, keptGenerations: kept.length }
}

/** Below the folders of packages there may be files of others that no index of ours names. */
const mayBeGarbage = ({ packagePrefixes, packageExtension }: RepositoryFormat, path: string): boolean =>
  path.endsWith(packageExtension) || !packagePrefixes.some((prefix) => path.startsWith(prefix))

type Kept = { readonly ref: GenerationRef; readonly generation: Generation }

async function keptGenerations(
  storage: Storage,
  folder: string,
  from: GenerationRef,
  keep: number,
  signal: AbortSignal,
): Promise<readonly Kept[]> {
  const kept: Kept[] = []
  for await (const { ref, generation } of generationsBack(storage, folder, from, signal)) {
    if (generation === undefined || kept.length === keep) break
    kept.push({ ref, generation })
  }
  return kept
}

function nameIndexes(
  format: RepositoryFormat,
  { indexes }: Generation,
  keepPath: (path: string) => void,
): void {
  for (const [index, state] of Object.entries(indexes)) {
    for (const form of formKinds) {
      const body = state.forms[form]
      if (body === undefined) continue
      keepPath(body.path)
      format.bodyPaths(index, form, body.digests).forEach(keepPath)
    }
  }
}

async function namePacks(
  { format, storage, signal }: CollectRequest,
  kept: readonly Kept[],
  keepPath: (path: string) => void,
): Promise<void> {
  const read = packReader(storage, format.folder, signal)
  for (const { generation } of kept) {
    for (const pack of await packsOf(generation.lookup, read)) keepPath(packPath(format.folder, pack))
  }
}

/** The packages of the kept generations, and everything that other suites in this storage list. */
async function namePackages(
  request: CollectRequest,
  kept: readonly Kept[],
  keepPath: (path: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { format, storage } = request
  await nameListed(storage, format.folder, kept, keepPath, signal)
  for (const sibling of await format.siblings(storage, { signal })) {
    const entry = await sibling.readEntry(storage, { signal })
    if (entry === undefined) continue
    for await (const { path } of entriesOf(sibling, storage, entry, { signal })) keepPath(path)
    if (entry.generation === undefined) continue
    const all = await keptGenerations(
      storage,
      sibling.folder,
      entry.generation,
      Number.POSITIVE_INFINITY,
      signal,
    )
    await nameListed(storage, sibling.folder, all, keepPath, signal)
  }
}

/** The newest is read whole; of each older one only what is different. */
async function nameListed(
  storage: Storage,
  folder: string,
  kept: readonly Kept[],
  keepPath: (path: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const read = packReader(storage, folder, signal)
  let newer: Generation | undefined
  for (const { generation } of kept) {
    if (newer === undefined) {
      for await (const { path } of scan(generation.lookup, read)) if (path !== '') keepPath(path)
    } else {
      for await (const { side, record } of difference(newer.lookup, generation.lookup, read)) {
        if (side === 'b' && record.path !== '') keepPath(record.path)
      }
    }
    newer = generation
  }
}

const prefixesOf = (format: RepositoryFormat, { entry }: RepositoryState): readonly string[] => [
  recordsFolder(format.folder),
  ...(entry === undefined ? [] : format.indexPrefixes(entry)),
  packsFolder(format.folder),
  temporaryFolder,
  ...format.packagePrefixes,
]

/** What the storage's clock says: ours may be wrong, and ages are compared with its times. */
async function clockOf(storage: Storage, folder: string, signal: AbortSignal): Promise<Date> {
  const path = `.hawser/${folder}/clock`
  const body = Buffer.from('Tells "hawser repo gc" what time it is here.\n')
  await put(storage, { path, body, contentType: 'text/plain', caching: 'entry' }, undefined, signal)
  const stored = await storage.head(path, { signal })
  if (stored === undefined) throw new Error(`${path} vanished right after it was written`)
  return stored.modifiedAt
}

/** A publisher may have taken it into use since it was listed; then it was written again. */
async function deleteOld(storage: Storage, path: string, before: Date, signal: AbortSignal): Promise<void> {
  const stored = await storage.head(path, { signal })
  if (stored !== undefined && stored.modifiedAt < before) await storage.delete(path, { signal })
}

const unknownError = (storage: Storage): UserError =>
  new UserError(
    'REPOSITORY_NO_RECORDS',
    `The repository in ${storage.location} has no records of its generations, so nobody knows what is garbage.`,
    { hint: 'Publish to it once with Hawser; then the generations from there on are known.' },
  )
