import type { InstallResolver, KnownPackage } from './install-resolver.ts'
import type { RecordedRelease } from './recorded-releases.ts'

/** The versions that were released together, by name: what somebody who installs this release names. */
export interface ReleaseSet {
  readonly label: string
  readonly packages: ReadonlyMap<string, KnownPackage>
}

export interface ReleaseSets {
  readonly current: ReleaseSet
  /** The newest first. */
  readonly earlier: readonly ReleaseSet[]
}

/**
 * By the records where there are any: a release without a certain package goes with the one that was published last
 * before it. Packages that no record tells of go together by equal versions.
 */
export function releaseSets(
  label: string,
  packages: readonly KnownPackage[],
  recorded: readonly RecordedRelease[],
  commandNames: readonly string[],
  { compareVersions }: InstallResolver,
): ReleaseSets {
  const byVersion = (a: KnownPackage, b: KnownPackage) => compareVersions(b.entry.version, a.entry.version)
  const current = new Map(packages.filter(({ isNew }) => isNew).map((one) => [one.entry.name, one]))
  const releases = recorded.map(({ label: name, paths }) => ({
    label: name,
    packages: newestByName(
      packages.filter(({ entry }) => paths.has(entry.path)),
      byVersion,
    ),
  }))
  const told = new Set(recorded.flatMap(({ paths }) => [...paths]))
  const untold = packages.filter(({ isNew, entry }) => !isNew && !told.has(entry.path)).toSorted(byVersion)
  const oldest = newestByName(untold, byVersion)
  const complete = releases.map(({ label: name }, index) => ({
    label: name,
    packages: overlaid([
      oldest,
      ...releases
        .slice(index)
        .map((one) => one.packages)
        .reverse(),
    ]),
  }))
  const isEarlier = (set: ReleaseSet, index: number) =>
    [...(releases[index]?.packages.values() ?? [])].some(({ isNew }) => !isNew) && set.packages.size > 0
  const earlier = [...complete.filter(isEarlier), ...setsByVersion(untold, commandNames)]
  return { current: { label, packages: current }, earlier }
}

type ByName = ReadonlyMap<string, KnownPackage>

function newestByName(
  packages: readonly KnownPackage[],
  newestFirst: (a: KnownPackage, b: KnownPackage) => number,
): ByName {
  const found = new Map<string, KnownPackage>()
  for (const one of packages.toSorted(newestFirst)) {
    if (!found.has(one.entry.name)) found.set(one.entry.name, one)
  }
  return found
}

/** Later ones win. */
const overlaid = (layers: readonly ByName[]): ByName => new Map(layers.flatMap((layer) => [...layer]))

/** The newest first; a version that none of the commands could name is no release. */
function setsByVersion(
  untold: readonly KnownPackage[],
  commandNames: readonly string[],
): readonly ReleaseSet[] {
  const byVersion = Map.groupBy(untold, ({ entry }) => entry.version)
  return [...byVersion].flatMap(([version, same]) => {
    const packages = new Map(same.map((one) => [one.entry.name, one]))
    return commandNames.some((name) => packages.has(name)) ? [{ label: version, packages }] : []
  })
}
