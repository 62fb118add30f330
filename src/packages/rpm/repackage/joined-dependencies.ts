import type { PackageChanges } from '../../package-changes.ts'
import type { PackageCompression } from '../../package-spec.ts'
import type { ContentRecord } from '../content.ts'
import { type DependencyKind, dependencyTags, type RpmDependency, senseFlags } from '../dependency.ts'
import type { TagValues } from '../encode-header.ts'
import {
  configDependency,
  dependencyColumns,
  ownNames,
  relationsOf,
  rpmlibRequires,
} from '../package-dependencies.ts'
import type { HeaderTag } from '../tags.ts'
import { rpmVersionText } from '../version.ts'
import type { Identity } from './identity.ts'
import type { Original } from './original.ts'

export interface JoinedSources {
  readonly originals: readonly Original[]
  readonly changes: PackageChanges
  readonly identity: Identity
  readonly compression: PackageCompression
  readonly records: readonly ContentRecord[]
  /** Seconds since 1970; of the new package. */
  readonly epoch: number
}

/** Every relation of every original, under the new name, and ours. What they need of each other is there. */
export function joinedDependencies(sources: JoinedSources): TagValues<HeaderTag> {
  const { originals, identity, records, compression, changes } = sources
  const former = new Set(originals.flatMap(formerNames))
  const version = rpmVersionText(identity)
  const own = ownNames(identity.name, identity.architecture).map((name) => ({
    name,
    flags: senseFlags.equal,
    version,
  }))
  const of = (kind: DependencyKind): readonly RpmDependency[] =>
    originals.flatMap(({ rpm }) => rpm.dependencies[kind])
  // Where rpmbuild has tied a package to its own configuration.
  const config = (kind: DependencyKind): readonly RpmDependency[] =>
    of(kind).some(({ name, flags }) => former.has(name) && (flags & senseFlags.config) !== 0)
      ? [configDependency(identity.name, version)]
      : []
  const { relations } = changes
  const lists: Record<DependencyKind, readonly RpmDependency[]> = {
    provides: [
      ...of('provides').filter(({ name }) => !former.has(name)),
      ...own,
      ...config('provides'),
      ...relationsOf(relations.provides),
    ],
    requires: [
      ...of('requires').filter(({ name }) => !former.has(name) && !isPayloadFeature(name)),
      ...config('requires'),
      ...relationsOf(relations.depends),
      ...relationsOf(relations.preDepends, senseFlags.preInstall),
    ],
    conflicts: [...of('conflicts'), ...relationsOf(relations.conflicts), ...relationsOf(relations.breaks)],
    obsoletes: [...of('obsoletes'), ...relationsOf(relations.obsoletes)],
    recommends: [...of('recommends'), ...relationsOf(relations.recommends)],
    suggests: [...of('suggests'), ...relationsOf(relations.suggests)],
    supplements: of('supplements'),
    enhances: [...of('enhances'), ...relationsOf(relations.enhances)],
    orders: of('orders'),
  }
  const requires = [...lists.requires, ...rpmlibRequires({ spec: { compression }, records }, lists)]
  return dependencyColumns({ ...lists, requires })
}

/** What a package is to others by its name alone. */
function formerNames({ rpm: { header } }: Original): readonly string[] {
  const name = header.text('name') ?? ''
  return [...ownNames(name, header.text('arch') ?? ''), `config(${name})`]
}

const isPayloadFeature = (name: string): boolean => name.startsWith('rpmlib(PayloadIs')

/** The names of all of them, for those who copy the rest of a header. */
export const dependencyTagNames: readonly HeaderTag[] = Object.values(dependencyTags).flatMap(
  ({ name, flags, version }) => [name, flags, version],
)
