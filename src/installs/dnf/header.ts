import { senseFlags } from '../../packages/rpm/dependency.ts'
import { encodeMainHeader } from '../../packages/rpm/encode-header.ts'
import { fulfillingVersion } from '../assumed.ts'
import type { InstallRelation, KnownPackage, RelationOperator } from '../install-resolver.ts'
import { readFragment } from './fragment.ts'

/** The header of a package as rpm's database keeps it: what the index says of it, without files. */
export function installedHeader({ entry, bytes }: KnownPackage): Uint8Array {
  const { epoch, version, release, relations, files } = readFragment(bytes)
  const ownFiles = files.map((name) => ({ name }))
  return header({
    ...{ name: entry.name, architecture: entry.architecture },
    ...{ epoch: Number(epoch), version, release },
    provides: [...relations.provides, ...ownFiles],
    requires: relations.requires,
    conflicts: relations.conflicts,
    obsoletes: relations.obsoletes,
  })
}

/** One installed package provides every version that something asks for. */
export function distributionHeader(assumed: readonly InstallRelation[], architecture: string): Uint8Array {
  const provides = assumed.map((relation): InstallRelation => {
    const version = fulfillingVersion(relation)
    return version === undefined ? { name: relation.name } : { name: relation.name, operator: '=', version }
  })
  return header({
    ...{ name: 'assumed-from-the-distribution', architecture, epoch: 0, version: '0', release: '0' },
    ...{ provides, requires: [], conflicts: [], obsoletes: [] },
  })
}

interface InstalledPackage {
  readonly name: string
  readonly architecture: string
  readonly epoch: number
  readonly version: string
  readonly release: string
  readonly provides: readonly InstallRelation[]
  readonly requires: readonly InstallRelation[]
  readonly conflicts: readonly InstallRelation[]
  readonly obsoletes: readonly InstallRelation[]
}

function header({ name, architecture, epoch, version, release, ...relations }: InstalledPackage): Uint8Array {
  const { provides, requires, conflicts, obsoletes } = relations
  return encodeMainHeader({
    ...{ headerI18nTable: ['C'], name, version, release, epoch: epoch === 0 ? undefined : [epoch] },
    ...{ summary: name, description: name, group: 'Unspecified', license: 'Unspecified' },
    ...{ size: [0], os: 'linux', arch: architecture, rpmVersion: '4.18.0', payloadFormat: 'cpio' },
    // Its presence tells a binary package from a source package.
    sourceRpm: `${name}-${version}-${release}.src.rpm`,
    ...{
      provideName: namesOf(provides),
      provideFlags: flagsOf(provides),
      provideVersion: versionsOf(provides),
    },
    ...{
      requireName: namesOf(requires),
      requireFlags: flagsOf(requires),
      requireVersion: versionsOf(requires),
    },
    conflictName: namesOf(conflicts),
    conflictFlags: flagsOf(conflicts),
    conflictVersion: versionsOf(conflicts),
    obsoleteName: namesOf(obsoletes),
    obsoleteFlags: flagsOf(obsoletes),
    obsoleteVersion: versionsOf(obsoletes),
  })
}

type Relations = readonly InstallRelation[]

const { less, greater, equal } = senseFlags
const flags: { readonly [operator in RelationOperator]: number } = {
  '=': equal,
  '<': less,
  '<=': less | equal,
  '>': greater,
  '>=': greater | equal,
}

const namesOf = (list: Relations): readonly string[] => list.map(({ name }) => name)
const versionsOf = (list: Relations): readonly string[] => list.map(({ version }) => version ?? '')
const flagsOf = (list: Relations): readonly number[] =>
  list.map(({ operator }) => (operator === undefined ? 0 : flags[operator]))
