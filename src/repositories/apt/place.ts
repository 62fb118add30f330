import type {
  IndexName,
  PackageEntry,
  Placement,
  PlacementContext,
  RepositoryEntry,
} from '../repository-format.ts'
import {
  type AptLayout,
  isFormOf,
  ownContents,
  packagesIndex,
  packagesIndexParts,
  suiteContents,
} from './layout.ts'
import { openIndex } from './open-index.ts'
import type { AptAddition } from './prepare.ts'
import type { AptEntry } from './read-entry.ts'
import { architecturesOf } from './release-fields.ts'

/** What the packages put into which index, those of one index by name, version and path. */
export async function place(
  layout: AptLayout,
  entry: RepositoryEntry<AptEntry> | undefined,
  additions: readonly AptAddition[],
  context: PlacementContext,
): Promise<readonly Placement[]> {
  const sorted = additions.toSorted((a, b) => compareEntries(a.entry, b.entry))
  const placements: Placement[] = []
  for (const architecture of indexedArchitectures(layout, entry, sorted, context)) {
    const index = packagesIndex(layout, architecture)
    const wanted = sorted.filter((addition) => layout.isFlat || belongsTo(addition, architecture))
    const portable = context.counts.has(index) ? [] : await portablePackages(layout, index, entry, context)
    const added = wanted.map(({ entry: listed, facts }) => ({ index, bytes: facts.stanza, entry: listed }))
    placements.push(...portable, ...added)
    const isFresh = portable.length === 0 && (context.counts.get(index) ?? 0) === 0
    for (const contents of contentsIndexes(layout, entry, architecture, { isFresh, context })) {
      placements.push(...(await contentsPlacements(contents, wanted)))
    }
  }
  return placements
}

interface Sortable {
  readonly name: string
  readonly version: string
  readonly path: string
}

const compareEntries = (a: Sortable, b: Sortable): number =>
  compare(a.name, b.name) || compare(a.version, b.version) || compare(a.path, b.path)

const compare = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

const belongsTo = ({ entry }: AptAddition, architecture: string): boolean =>
  entry.architecture === architecture || entry.architecture === 'all'

/** Debian itself keeps a `binary-all` index too; where there is one, it goes on. */
function indexedArchitectures(
  layout: AptLayout,
  entry: RepositoryEntry<AptEntry> | undefined,
  additions: readonly AptAddition[],
  { counts }: PlacementContext,
): readonly string[] {
  if (layout.isFlat) return ['all']
  const added = additions.map((addition) => addition.entry.architecture)
  const architectures = architecturesOf(layout, entry?.own.release, added)
  return counts.has(packagesIndex(layout, 'all')) ? [...architectures, 'all'] : architectures
}

/** The indexes that must list a package; "all" packages are in every one of the component. */
export function indexesFor(
  layout: AptLayout,
  entry: RepositoryEntry<AptEntry> | undefined,
  { architecture }: PackageEntry,
): readonly IndexName[] {
  if (architecture !== 'all' || layout.isFlat) return [packagesIndex(layout, architecture)]
  const portable = packagesIndex(layout, 'all')
  return [...requiredIndexes(layout, entry), ...(entry?.indexes.has(portable) === true ? [portable] : [])]
}

/** An architecture that is new to a component starts with the packages that run everywhere. */
async function portablePackages(
  layout: AptLayout,
  index: IndexName,
  entry: RepositoryEntry<AptEntry> | undefined,
  context: PlacementContext,
): Promise<readonly Placement[]> {
  if (entry === undefined || layout.isFlat) return []
  const found = new Map<string, Placement>()
  // No index of a foreign repository has to list all of them.
  for (const existing of context.counts.keys()) {
    if (packagesIndexParts(existing)?.component !== layout.component || !entry.indexes.has(existing)) continue
    const { fragments } = await openIndex(context.storage, entry, existing, context)
    for await (const { bytes, entry: listed } of fragments) {
      if (listed?.architecture !== 'all') continue
      const key = [listed.name, listed.version, listed.sha256].join('\n')
      if (!found.has(key)) found.set(key, { index, bytes: Buffer.from(bytes), entry: listed })
    }
  }
  return [...found.values()]
}

/**
 * Contents are extended where they are complete: where they are there, or where the index of packages is empty. Starting
 * them beside packages that we never saw would claim those have no files.
 */
function contentsIndexes(
  { component, contents, isFlat }: AptLayout,
  entry: RepositoryEntry<AptEntry> | undefined,
  architecture: string,
  { isFresh, context }: { readonly isFresh: boolean; readonly context: PlacementContext },
): readonly IndexName[] {
  if (!contents || isFlat) return []
  const own = ownContents(component, architecture)
  const candidates = [own, suiteContents(architecture)]
  const extended = candidates.filter((name) => context.counts.has(name))
  const listed = [...(entry?.own.release.files.keys() ?? [])]
  const isListed = candidates.some((name) => listed.some((path) => isFormOf(path, name)))
  return extended.length === 0 && !isListed && isFresh && architecture !== 'all' ? [own] : extended
}

async function contentsPlacements(
  index: IndexName,
  additions: readonly AptAddition[],
): Promise<readonly Placement[]> {
  const placements: Placement[] = []
  for (const { facts } of additions) {
    placements.push({ index, bytes: await facts.contents(), once: facts.owner })
  }
  return placements
}

/** Indexes of the declared architectures, and of those that the repository has, exist even when they are empty. */
export function requiredIndexes(
  layout: AptLayout,
  entry: RepositoryEntry<AptEntry> | undefined,
): readonly IndexName[] {
  if (layout.isFlat) return [packagesIndex(layout, 'all')]
  return architecturesOf(layout, entry?.own.release, []).map((name) => packagesIndex(layout, name))
}
