import { TransientError, UserError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { Storage } from '../storage/storage.ts'
import { entriesOf } from './find-entries.ts'
import { type OpenRepository, openState } from './open-state.ts'
import { PathTable } from './path-table.ts'
import { absentError } from './refresh.ts'
import type { RepositoryEntry, RepositoryFormat } from './repository-format.ts'
import { writeCompanions } from './upload.ts'

export interface ExportRequest extends OpenRepository {
  readonly to: Storage
  /** Called for each file that was copied. */
  readonly onFile?: (path: string) => void
}

const parallelMax = 8
const roundsMax = 1000

/**
 * A plain copy of a repository, without our records: packages, all indexes under their usual names, signatures. Other
 * tools go on with it as with one of their own. The entry comes last, so an interrupted copy is no repository yet; and
 * the copy is of one moment, so whoever publishes meanwhile makes it look again.
 */
export async function exportRepository(request: ExportRequest): Promise<number> {
  const { format, storage } = request
  const signal = request.signal ?? new AbortController().signal
  const copied: Copied = { packages: new PathTable(), metadata: new Set() }
  for (let round = 0; round < roundsMax; round++) {
    const { entry } = await openState(request)
    if (entry === undefined) throw absentError(storage.location)
    const isStill = async (): Promise<boolean> =>
      (await format.readEntry(storage, { signal }))?.version === entry.version
    await copyPackages(request, entry, copied, signal)
    const entryFiles = await copyIndexes(request, copied, signal)
    if (!(await isStill())) continue
    for (const path of entryFiles.slice(0, -1)) await copyMetadata(request, path, copied, signal)
    await agree(request, entry, copied, signal)
    for (const path of entryFiles.slice(-1)) await copyMetadata(request, path, copied, signal)
    if (await isStill()) return copied.packages.count + copied.metadata.size
  }
  throw new TransientError(
    'REPOSITORY_BUSY',
    `Others keep publishing to ${storage.location}, so there was no moment of which to make a copy.`,
    { hint: 'Run it again when fewer publishers are at work.' },
  )
}

interface Copied {
  readonly packages: PathTable
  readonly metadata: Set<string>
}

/** Those that an earlier round has not brought there; their bytes never change. */
async function copyPackages(
  request: ExportRequest,
  entry: RepositoryEntry,
  { packages }: Copied,
  signal: AbortSignal,
): Promise<void> {
  const { format, storage, to, verifier } = request
  const copy = async (path: string, stop: AbortSignal): Promise<void> => {
    const isCopied = await to.copy({ storage, path }, path, { caching: 'entry', signal: stop })
    if (!isCopied) throw missingError(path, storage)
    request.onFile?.(path)
  }
  for await (const batch of batches(packagePaths(packages, format, storage, entry, { verifier, signal }))) {
    await mapLimited(batch, parallelMax, copy, signal)
  }
}

/** All metadata but the files that make a repository of it, which are the answer. */
async function copyIndexes(
  request: ExportRequest,
  copied: Copied,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { format, storage } = request
  const others = await prefixesOfOthers(request, signal)
  const files = new Set<string>()
  for await (const { path } of storage.list(format.metadataPrefix, { signal })) {
    if (!others.some((prefix) => path.startsWith(prefix))) files.add(path)
  }
  const entryFiles = format.entryFiles.filter((path) => files.delete(path))
  await mapLimited([...files], parallelMax, (path, stop) => copyMetadata(request, path, copied, stop), signal)
  return entryFiles
}

/** Companions are written after the entry, so they may be copied as they were before it; then they are made anew in the copy. */
async function agree(
  { format, to, signers, verifier }: ExportRequest,
  entry: RepositoryEntry,
  { metadata }: Copied,
  signal: AbortSignal,
): Promise<void> {
  // Never signs what no known key vouches for.
  const own = entry.signature.status === 'verified' ? signers : []
  const stale = await format.staleCompanions(to, entry, { signers: own, verifier, signal })
  await writeCompanions(to, stale, signal)
  for (const companion of stale) {
    if ('isRemoval' in companion) metadata.delete(companion.path)
    else metadata.add(companion.path)
  }
}

/** What is gone since it was listed is needed by nobody, unless the entry changed as well. */
async function copyMetadata(
  { storage, to, onFile }: ExportRequest,
  path: string,
  { metadata }: Copied,
  signal: AbortSignal,
): Promise<void> {
  const isCopied = await to.copy({ storage, path }, path, { caching: 'entry', signal })
  if (!isCopied || metadata.has(path)) return
  metadata.add(path)
  onFile?.(path)
}

/**
 * What lies among the metadata and is none of it: beside a flat repository at the root packages, our records and all other
 * suites, and a suite may have others below its own folder.
 */
async function prefixesOfOthers(
  { format, storage }: ExportRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const siblings = await format.siblings(storage, { signal })
  const below = siblings
    .map(({ metadataPrefix }) => metadataPrefix)
    .filter((prefix) => prefix !== format.metadataPrefix && prefix.startsWith(format.metadataPrefix))
  return ['.hawser/', ...format.packagePrefixes, ...below]
}

/** Each file once, although several indexes may list it. */
async function* packagePaths(
  seen: PathTable,
  format: RepositoryFormat,
  storage: Storage,
  entry: RepositoryEntry,
  options: Parameters<typeof entriesOf>[3],
): AsyncGenerator<string> {
  for await (const { path } of entriesOf(format, storage, entry, options)) {
    if (seen.add(path, 0).isNew) yield path
  }
}

async function* batches(paths: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let batch: string[] = []
  for await (const path of paths) {
    batch.push(path)
    if (batch.length < 256) continue
    yield batch
    batch = []
  }
  yield batch
}

const missingError = (path: string, storage: Storage): UserError =>
  new UserError(
    'REPOSITORY_FILE_MISSING',
    `${path} is named by the repository, but is not in ${storage.location}.`,
    {
      hint: 'Run "hawser repo verify" to see what else is missing.',
    },
  )
