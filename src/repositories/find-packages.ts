import { entriesOf, findByLookup, type PackageIdentity } from './find-entries.ts'
import { LookupDamagedError } from './lookup/node.ts'
import { type OpenRepository, type RepositoryState, readTrustedState } from './open-state.ts'
import { absentError } from './refresh.ts'
import type { PackageEntry } from './repository-format.ts'

/** A package that is looked for; any version, where none is named. */
export interface WantedPackage {
  readonly name: string
  readonly version?: string | undefined
  /** In the word of the format. */
  readonly architecture: string
}

/**
 * What a repository lists of the wanted packages, each with its bytes once: by the lookup table in a few small reads where
 * that is possible, else by reading its indexes.
 */
export async function findPackages(
  repository: OpenRepository,
  wanted: readonly WantedPackage[],
): Promise<readonly PackageEntry[]> {
  const state = await readTrustedState(repository)
  if (state.entry === undefined) throw absentError(repository.storage.location)
  const found = (await byLookup(repository, state, wanted)) ?? (await byReading(repository, state, wanted))
  return [...new Map(found.map((entry) => [`${entry.sha256} ${entry.path}`, entry])).values()]
}

async function byLookup(
  { storage, format, signal }: OpenRepository,
  { generation }: RepositoryState,
  wanted: readonly WantedPackage[],
): Promise<readonly PackageEntry[] | undefined> {
  const exact = wanted.filter((one): one is PackageIdentity => one.version !== undefined)
  if (generation === undefined || exact.length < wanted.length) return undefined
  try {
    return [...(await findByLookup(storage, format.folder, generation, exact, signal)).values()].flat()
  } catch (error) {
    // The indexes say it all once more.
    if (error instanceof LookupDamagedError) return undefined
    throw error
  }
}

async function byReading(
  { format, storage, verifier, signal }: OpenRepository,
  { entry }: RepositoryState,
  wanted: readonly WantedPackage[],
): Promise<readonly PackageEntry[]> {
  const found: PackageEntry[] = []
  if (entry === undefined) return found
  for await (const listed of entriesOf(format, storage, entry, { verifier, signal })) {
    if (wanted.some((one) => isWanted(listed, one))) found.push(listed)
  }
  return found
}

/** Whether an entry is the package that is looked for. */
export const isWanted = (entry: PackageIdentity, { name, version, architecture }: WantedPackage): boolean =>
  entry.name === name &&
  entry.architecture === architecture &&
  (version === undefined || entry.version === version)
