import { generationsBack } from '../repositories/history.ts'
import type { OpenRepository, RepositoryState } from '../repositories/open-state.ts'

/** What was published together, by the records of the repository. */
export interface RecordedRelease {
  readonly label: string
  /** In the storage. */
  readonly paths: ReadonlySet<string>
}

// Far more than anybody asks for; a repository that is published to every hour has as many in three weeks.
const recordsMax = 500

/**
 * The releases that the records tell of, the newest first; a release that took several publishes is one. Ends when
 * `countMax` of them have a package that matters.
 */
export async function recordedReleases(
  { storage, format, signal }: OpenRepository,
  { ref }: RepositoryState,
  matters: (path: string) => boolean,
  countMax: number,
): Promise<readonly RecordedRelease[]> {
  const found = new Map<string, { label: string; paths: Set<string> }>()
  let read = 0
  for await (const { generation } of generationsBack(storage, format.folder, ref, signal)) {
    read += 1
    if (generation === undefined || read > recordsMax) break
    const paths = generation.added.map(({ path }) => path).filter(matters)
    if (paths.length === 0 || generation.cause.kind === 'rollback') continue
    const { project = '', version } = generation.cause
    const label = version ?? `generation ${generation.sequence}`
    const key = `${project}/${label}`
    if (!found.has(key) && found.size === countMax) break
    const release = found.get(key) ?? { label, paths: new Set<string>() }
    found.set(key, release)
    for (const path of paths) release.paths.add(path)
  }
  return [...found.values()]
}
