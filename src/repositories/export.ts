import { UserError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { Storage } from '../storage/storage.ts'
import { entriesOf } from './find-entries.ts'
import { type OpenRepository, openState } from './open-state.ts'
import { PathTable } from './path-table.ts'
import { absentError } from './refresh.ts'
import type { RepositoryEntry, RepositoryFormat } from './repository-format.ts'

export interface ExportRequest extends OpenRepository {
  readonly to: Storage
  /** Called for each file that was copied. */
  readonly onFile?: (path: string) => void
}

const parallelMax = 8

/**
 * A plain copy of a repository, without our records: packages, all indexes under their usual names, signatures. Other
 * tools go on with it as with one of their own. The entry comes last, so an interrupted copy is no repository yet.
 */
export async function exportRepository(request: ExportRequest): Promise<number> {
  const { format, storage, to, verifier } = request
  const signal = request.signal ?? new AbortController().signal
  const { entry } = await openState(request)
  if (entry === undefined) throw absentError(storage.location)
  let count = 0
  const copy = async (path: string, stop: AbortSignal): Promise<void> => {
    const isCopied = await to.copy({ storage, path }, path, { caching: 'entry', signal: stop })
    if (!isCopied) throw missingError(path, storage)
    count++
    request.onFile?.(path)
  }
  for await (const batch of batches(packagePaths(format, storage, entry, { verifier, signal }))) {
    await mapLimited(batch, parallelMax, copy, signal)
  }
  const files: string[] = []
  for await (const { path } of storage.list(format.metadataPrefix, { signal })) {
    if (isMetadata(path, format)) files.push(path)
  }
  const isLast = (path: string): boolean => format.otherFiles(entry).includes(path)
  await mapLimited(
    files.filter((path) => !isLast(path)),
    parallelMax,
    copy,
    signal,
  )
  for (const path of files.filter(isLast)) await copy(path, signal)
  return count
}

/** A flat repository's metadata may lie at the root, beside packages and our records. */
const isMetadata = (path: string, { packagePrefixes }: RepositoryFormat): boolean =>
  !['.hawser/', ...packagePrefixes].some((prefix) => path.startsWith(prefix))

/** Each file once, although several indexes may list it. */
async function* packagePaths(
  format: RepositoryFormat,
  storage: Storage,
  entry: RepositoryEntry,
  options: Parameters<typeof entriesOf>[3],
): AsyncGenerator<string> {
  const seen = new PathTable()
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
