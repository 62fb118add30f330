import { baseOf, emptyBase } from '../repositories/base.ts'
import { compareEntries, swapError } from '../repositories/compare-entries.ts'
import { identityOf } from '../repositories/find-entries.ts'
import { type OpenRepository, openState, type RepositoryState } from '../repositories/open-state.ts'
import { wantedPackages } from '../repositories/publish.ts'
import type { Addition, IndexName, PackageEntry, PackageInput } from '../repositories/repository-format.ts'
import type { CandidatePackage } from './install-resolver.ts'

/** An index that lists packages, as it would be after the publish. */
export interface CandidateIndex {
  readonly name: IndexName
  readonly packages: readonly CandidatePackage[]
  readonly header: Uint8Array
  readonly footer: Uint8Array
}

export interface Candidate {
  readonly state: RepositoryState
  /** Those that list a package of the release. */
  readonly indexes: readonly CandidateIndex[]
}

/** What clients would read after the publish. Reads every index that lists packages, once; writes nothing. */
export async function readCandidate(
  repository: OpenRepository,
  inputs: readonly PackageInput[],
  signal: AbortSignal,
): Promise<Candidate> {
  const { format } = repository
  const state = await openState(repository)
  const wanted = await wantedPackages(format, inputs, signal)
  const existing = await existingPackages(repository, state, signal)
  const missing = missingOf(repository, state, wanted, existing)
  const added = await addedPackages(repository, { state, missing, existing }, signal)
  const isNew = new Set(wanted.map(({ entry }) => identityOf(entry)))
  const indexes = [...new Set([...existing.keys(), ...added.keys()])].map((name) => {
    const listed = [...(existing.get(name) ?? []), ...(added.get(name) ?? [])]
    const { header, footer } = format.shapeOf(state.entry, name)
    const packages = listed.map((one) => ({ ...one, isNew: isNew.has(identityOf(one.entry)) }))
    return { name, packages, header, footer }
  })
  return { state, indexes: indexes.filter(({ packages }) => packages.some((one) => one.isNew)) }
}

interface Listed {
  readonly entry: PackageEntry
  readonly bytes: Uint8Array
}
type ByIndex = ReadonlyMap<IndexName, readonly Listed[]>

async function existingPackages(
  { format, storage, verifier }: OpenRepository,
  { entry }: RepositoryState,
  signal: AbortSignal,
): Promise<ByIndex> {
  const found = new Map<IndexName, Listed[]>()
  if (entry === undefined) return found
  for (const name of entry.indexes.keys()) {
    if (!format.listsPackages(name)) continue
    const listed: Listed[] = []
    const { fragments } = await format.openIndex(storage, entry, name, { verifier, signal })
    for await (const fragment of fragments) {
      // A copy: the bytes are a part of a block that is used again.
      if (fragment.entry !== undefined)
        listed.push({ entry: fragment.entry, bytes: Buffer.from(fragment.bytes) })
    }
    found.set(name, listed)
  }
  return found
}

/** A package that is there with other bytes is refused, as the publish would. */
function missingOf(
  { format }: OpenRepository,
  { entry }: RepositoryState,
  wanted: readonly Addition[],
  existing: ByIndex,
): readonly Addition[] {
  const listed = [...existing.values()].flatMap((all) => all.map((one) => one.entry))
  const identities = new Set(wanted.map((one) => identityOf(one.entry)))
  const known = Map.groupBy(
    listed.filter((one) => identities.has(identityOf(one))),
    identityOf,
  )
  const { missing, conflicting } = compareEntries(
    known,
    wanted,
    (one) => format.indexesFor?.(entry, one) ?? [],
  )
  const [conflict] = conflicting
  if (conflict !== undefined) throw swapError(conflict)
  return missing
}

async function addedPackages(
  { format, storage, verifier, signers }: OpenRepository,
  { state, missing, existing }: { state: RepositoryState; missing: readonly Addition[]; existing: ByIndex },
  signal: AbortSignal,
): Promise<ByIndex> {
  const base = state.generation === undefined ? emptyBase : baseOf(state.generation)
  const recorded = [...base.indexes].map(([name, { count }]) => [name, count] as const)
  const counts = new Map([...recorded, ...[...existing].map(([name, all]) => [name, all.length] as const)])
  const isSigned = signers.length > 0
  const placements = await format.place(state.entry, missing, {
    ...{ storage, counts, isSigned, verifier, signal },
  })
  const listing = placements.flatMap(({ index, bytes, entry }) =>
    entry !== undefined && format.listsPackages(index) ? [{ index, bytes, entry }] : [],
  )
  return Map.groupBy(listing, ({ index }) => index)
}
