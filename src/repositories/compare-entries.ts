import { Refusal } from '../errors.ts'
import { type FoundEntries, identityOf } from './find-entries.ts'
import type { Addition, IndexName, PackageEntry } from './repository-format.ts'

export interface Conflict {
  readonly wanted: PackageEntry
  readonly existing: PackageEntry
}

export interface Comparison {
  readonly present: readonly PackageEntry[]
  readonly missing: readonly Addition[]
  readonly conflicting: readonly Conflict[]
}

/** What of the wanted packages is there, is not, or is there with other bytes. */
export function compareEntries(
  known: FoundEntries,
  wanted: readonly Addition[],
  indexesFor: (entry: PackageEntry) => readonly IndexName[] = () => [],
): Comparison {
  const present: PackageEntry[] = []
  const missing: Addition[] = []
  const conflicting: Conflict[] = []
  for (const candidate of wanted) {
    const found = known.get(identityOf(candidate.entry)) ?? []
    const other = found.find(({ sha256 }) => sha256 !== candidate.entry.sha256)
    if (other !== undefined) conflicting.push({ wanted: candidate.entry, existing: other })
    // An adopted repository has its own layout: what is there is told as it is there.
    else if (isListed(indexesFor(candidate.entry), found)) present.push(found[0] ?? candidate.entry)
    else missing.push(candidate)
  }
  return { present, missing, conflicting }
}

/** In every index that it belongs to; the path may be another one, as an adopted repository has its own layout. */
function isListed(wanted: readonly IndexName[], found: readonly PackageEntry[]): boolean {
  if (found.length === 0) return false
  const indexes = new Set(found.flatMap((entry) => entry.listedIn ?? []))
  return wanted.every((index) => indexes.has(index))
}

/** Each wanted package once; the same identity with two contents is refused before anything is written. */
export function withoutTwins(wanted: readonly Addition[]): readonly Addition[] {
  const chosen = new Map<string, Addition>()
  for (const candidate of wanted) {
    const identity = identityOf(candidate.entry)
    const twin = chosen.get(identity)
    if (twin !== undefined && twin.entry.sha256 !== candidate.entry.sha256) throw twinError(twin, candidate)
    chosen.set(identity, twin ?? candidate)
  }
  return [...chosen.values()]
}

function twinError({ entry }: Addition, second: Addition): Refusal {
  const { name, version, architecture } = entry
  return new Refusal(
    'REPOSITORY_TWINS',
    `Two different packages are both ${name} ${version} for ${architecture}: sha256 ${entry.sha256} and ${second.entry.sha256}.`,
    { hint: 'Give one of them another name, version or build number.' },
  )
}

export function swapError({ wanted, existing }: Conflict): Refusal {
  const { name, version, architecture } = wanted
  return new Refusal(
    'REPOSITORY_SWAP',
    `The repository already has ${name} ${version} for ${architecture} with other bytes ` +
      `(${existing.path}, sha256 ${existing.sha256}).`,
    {
      hint: 'Released bytes never change, since users may have them already. Raise the build number and publish that.',
    },
  )
}
