import { Refusal } from '../errors.ts'
import type { PackageEntry, PackageInput, RepositoryState } from './repository-format.ts'

export interface WantedPackage {
  readonly input: PackageInput
  readonly entry: PackageEntry
}

export interface Conflict {
  readonly wanted: PackageEntry
  readonly existing: PackageEntry
}

export interface Comparison {
  readonly present: readonly PackageEntry[]
  readonly missing: readonly WantedPackage[]
  readonly conflicting: readonly Conflict[]
}

/** What of the wanted packages is there, is not, or is there with other bytes. */
export function compareEntries(state: RepositoryState, wanted: readonly WantedPackage[]): Comparison {
  const byIdentity = Map.groupBy(state.entries, identityOf)
  const present: PackageEntry[] = []
  const missing: WantedPackage[] = []
  const conflicting: Conflict[] = []
  for (const candidate of wanted) {
    const found = byIdentity.get(identityOf(candidate.entry)) ?? []
    const other = found.find(({ sha256 }) => sha256 !== candidate.entry.sha256)
    if (other !== undefined) conflicting.push({ wanted: candidate.entry, existing: other })
    // An adopted repository has its own layout: what is there is told as it is there.
    else if (isListed(candidate.entry, found)) present.push(found[0] ?? candidate.entry)
    else missing.push(candidate)
  }
  return { present, missing, conflicting }
}

const identityOf = ({ name, version, architecture }: PackageEntry): string =>
  [name, version, architecture].join('\n')

/** In every index that it belongs to; the path may be another one, as an adopted repository has its own layout. */
function isListed({ listedIn = [] }: PackageEntry, found: readonly PackageEntry[]): boolean {
  if (found.length === 0) return false
  const indexes = new Set(found.flatMap((entry) => entry.listedIn ?? []))
  return listedIn.every((index) => indexes.has(index))
}

/** Each wanted package once; the same identity with two contents is refused before anything is written. */
export function withoutTwins(wanted: readonly WantedPackage[]): readonly WantedPackage[] {
  const chosen = new Map<string, WantedPackage>()
  for (const candidate of wanted) {
    const twin = chosen.get(identityOf(candidate.entry))
    if (twin !== undefined && twin.entry.sha256 !== candidate.entry.sha256) throw twinError(twin, candidate)
    chosen.set(identityOf(candidate.entry), twin ?? candidate)
  }
  return [...chosen.values()]
}

function twinError(first: WantedPackage, second: WantedPackage): Refusal {
  const { name, version, architecture } = first.entry
  return new Refusal(
    'REPOSITORY_TWINS',
    `Two different packages are both ${name} ${version} for ${architecture}: ` +
      `"${first.input.artifact.name}" and "${second.input.artifact.name}".`,
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

/** Refuses an index that lost an entry, or does not have what was added. */
export function checkNothingLost(
  before: RepositoryState,
  after: RepositoryState,
  added: readonly PackageEntry[],
): void {
  const listed = new Set(after.entries.flatMap(listings))
  const lost = before.entries.flatMap(listings).filter((listing) => !listed.has(listing))
  const [first] = lost
  if (first !== undefined) throw shrinkError(first, lost.length)
  const files = new Set(after.entries.map(({ path, sha256 }) => `${path} ${sha256}`))
  for (const { path, sha256 } of added) {
    if (!files.has(`${path} ${sha256}`))
      throw new Error(`The rendered repository lacks what was added: ${path}`)
  }
}

function listings({ name, version, architecture, path, sha256, listedIn = [''] }: PackageEntry): string[] {
  return listedIn.map((index) =>
    `${name} ${version} for ${architecture} (${path}, sha256 ${sha256}) ${index}`.trimEnd(),
  )
}

const shrinkError = (first: string, count: number): Refusal =>
  new Refusal(
    'REPOSITORY_SHRINK',
    `The new index would lose ${count === 1 ? 'an entry' : `${count} entries; the first is`}: ${first}.`,
    {
      hint: 'Nothing was changed. Packages leave a repository only by "hawser repo remove" or "hawser repo gc".',
    },
  )
