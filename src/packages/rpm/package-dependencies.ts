import type { PackageSpec, Relation, RelationList } from '../package-spec.ts'
import { parseRelations } from '../relation.ts'
import { rpmArchitecture } from './architecture.ts'
import { type ContentRecord, hasLargeFiles } from './content.ts'
import { type DependencyKind, dependencyTags, type RpmDependency, senseFlags } from './dependency.ts'
import type { TagValues } from './encode-header.ts'
import { supplementsField } from './fields.ts'
import { fileFlags } from './file-list.ts'
import {
  interpreterRequires,
  rpmlibFeature,
  type Scriptlet,
  type ScriptletName,
  scriptletSlots,
} from './scriptlets.ts'
import type { HeaderTag } from './tags.ts'
import { rpmRelationVersion, rpmVersion, rpmVersionText } from './version.ts'

export interface DependencySources {
  readonly spec: PackageSpec
  readonly records: readonly ContentRecord[]
  readonly scriptlets: ReadonlyMap<ScriptletName, Scriptlet>
  readonly triggerScriptlets: readonly Scriptlet[]
}

/** Everything that the package provides, needs and excludes: declared, and implied by what it contains. */
export function dependencyTagValues(sources: DependencySources): TagValues<HeaderTag> {
  const { relations } = sources.spec
  const declared: Record<DependencyKind, readonly RpmDependency[]> = {
    provides: [...relationsOf(relations.provides), ...ownProvides(sources)],
    requires: [
      ...relationsOf(relations.depends),
      ...relationsOf(relations.preDepends, senseFlags.preInstall),
    ],
    // dpkg tells "breaks" from "conflicts"; rpm has one word for both.
    conflicts: [...relationsOf(relations.conflicts), ...relationsOf(relations.breaks)],
    obsoletes: relationsOf(relations.obsoletes),
    recommends: relationsOf(relations.recommends),
    suggests: relationsOf(relations.suggests),
    // Only rpm has it, so it is a free field and not a relation of every format.
    supplements: supplementsOf(sources.spec),
    enhances: relationsOf(relations.enhances),
    orders: systemdOrder(sources.spec),
  }
  const requires = [...declared.requires, ...impliedRequires(sources), ...rpmlibRequires(sources, declared)]
  return { ...dependencyColumns(declared), ...tagsOf('requires', requires) }
}

export function dependencyColumns(
  lists: Record<DependencyKind, readonly RpmDependency[]>,
): TagValues<HeaderTag> {
  let tags: TagValues<HeaderTag> = {}
  for (const kind of dependencyKinds) tags = { ...tags, ...tagsOf(kind, lists[kind]) }
  return tags
}

const isDependencyKind = (name: string): name is DependencyKind => Object.hasOwn(dependencyTags, name)
const dependencyKinds = Object.keys(dependencyTags).filter(isDependencyKind)

function tagsOf(kind: DependencyKind, dependencies: readonly RpmDependency[]): TagValues<HeaderTag> {
  const sorted = sortedOnce(dependencies)
  const tags = dependencyTags[kind]
  return {
    [tags.name]: sorted.map(({ name }) => name),
    [tags.flags]: sorted.map(({ flags }) => flags),
    [tags.version]: sorted.map(({ version }) => version),
  }
}

/** In rpm's order: name, version, flags; equal ones once. */
function sortedOnce(dependencies: readonly RpmDependency[]): readonly RpmDependency[] {
  const compareText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const compare = (a: RpmDependency, b: RpmDependency) =>
    compareText(a.name, b.name) || compareText(a.version, b.version) || a.flags - b.flags
  const sorted = [...dependencies].sort(compare)
  return sorted.filter((dependency, index) => {
    const previous = sorted[index - 1]
    return previous === undefined || compare(previous, dependency) !== 0
  })
}

function supplementsOf({ fields }: PackageSpec): readonly RpmDependency[] {
  const text = fields[supplementsField]
  return text === undefined ? [] : relationsOf(parseRelations(text))
}

const operatorFlags = {
  '=': senseFlags.equal,
  '<': senseFlags.less,
  '<=': senseFlags.less | senseFlags.equal,
  '>': senseFlags.greater,
  '>=': senseFlags.greater | senseFlags.equal,
} as const

export function relationsOf(list: RelationList, flags = 0): readonly RpmDependency[] {
  return list.map((alternatives) => {
    const [only] = alternatives
    if (only === undefined) throw new Error('A relation without alternatives has passed the findings')
    if (alternatives.length > 1) return { name: richText(alternatives), flags, version: '' }
    if (only.operator === undefined || only.version === undefined)
      return { name: only.name, flags, version: '' }
    return {
      name: only.name,
      flags: flags | operatorFlags[only.operator],
      version: rpmRelationVersion(only.version),
    }
  })
}

/** A boolean dependency (rpm 4.13): `(a or b >= 2)`. */
function richText(alternatives: readonly Relation[]): string {
  const texts = alternatives.map(({ name, operator, version }) => {
    if (operator === undefined || version === undefined) return name
    return `${name} ${operator} ${rpmRelationVersion(version)}`
  })
  return `(${texts.join(' or ')})`
}

/** rpm's ISA names, where they are not the architecture itself with its number of bits. */
const isaNames: { readonly [architecture: string]: string } = {
  x86_64: 'x86-64',
  i686: 'x86-32',
  aarch64: 'aarch-64',
  armv5tel: 'armv5tel-32',
  armv7hl: 'armv7hl-32',
  loongarch64: 'loongarch-64',
  mips64el: 'mips64el-64',
  ppc64: 'ppc-64',
  ppc64le: 'ppc-64',
  riscv64: 'riscv-64',
  s390x: 's390-64',
}

function ownProvides({ spec, records }: DependencySources): readonly RpmDependency[] {
  const version = rpmVersionText(rpmVersion(spec.version))
  const provides = ownNames(spec.name, rpmArchitecture(spec.architecture)).map((name) => ({
    name,
    flags: senseFlags.equal,
    version,
  }))
  return hasConfig(records) ? [...provides, configDependency(spec.name, version)] : provides
}

/** What every package provides: its name, and its name for one kind of machine (rpm's word). */
export function ownNames(name: string, architecture: string): readonly string[] {
  const isaName = isaNames[architecture]
  return isaName === undefined ? [name] : [name, `${name}(${isaName})`]
}

const hasConfig = (records: readonly ContentRecord[]) =>
  records.some(({ flags }) => (flags & fileFlags.config) !== 0)

/** rpmbuild ties a package to its own configuration, for those who package that separately. */
export function configDependency(name: string, version: string): RpmDependency {
  return { name: `config(${name})`, flags: senseFlags.config | senseFlags.equal, version }
}

function impliedRequires({
  spec,
  records,
  scriptlets,
  triggerScriptlets,
}: DependencySources): readonly RpmDependency[] {
  const version = rpmVersionText(rpmVersion(spec.version))
  const config = hasConfig(records) ? [configDependency(spec.name, version)] : []
  const forScripts = [...scriptlets].flatMap(([name, script]) =>
    interpreterRequires(script, scriptletSlots[name].flag),
  )
  const forTriggers = triggerScriptlets.flatMap((script) => interpreterRequires(script, 0))
  return [...config, ...forScripts, ...forTriggers]
}

/** %systemd_ordering: in one transaction systemd is installed before, without being pulled into containers. */
function systemdOrder({ systemd }: PackageSpec): readonly RpmDependency[] {
  if (systemd.length === 0) return []
  const { postInstall, preRemove, postRemove } = senseFlags
  return [postInstall, preRemove, postRemove].map((flags) => ({ name: 'systemd', flags, version: '' }))
}

const payloadFeatures = {
  gzip: undefined,
  none: undefined,
  xz: rpmlibFeature('PayloadIsXz', '5.2-1'),
  zstd: rpmlibFeature('PayloadIsZstd', '5.4.18-1'),
} as const

/** The abilities of rpm itself that this package uses, so that an older rpm refuses it instead of failing inside. */
export function rpmlibRequires(
  {
    spec,
    records,
  }: { readonly spec: Pick<PackageSpec, 'compression'>; readonly records: readonly ContentRecord[] },
  declared: Record<DependencyKind, readonly RpmDependency[]>,
): readonly RpmDependency[] {
  const all = Object.values(declared).flat()
  const uses = (character: string) =>
    all.some(({ version, name }) => version.includes(character) || (isRich(name) && name.includes(character)))
  const payload = payloadFeatures[spec.compression.kind]
  return [
    rpmlibFeature('CompressedFileNames', '3.0.4-1'),
    rpmlibFeature('FileDigests', '4.6.0-1'),
    rpmlibFeature('PayloadFilesHavePrefix', '4.0-1'),
    ...(payload === undefined ? [] : [payload]),
    ...(uses('~') ? [rpmlibFeature('TildeInVersions', '4.10.0-1')] : []),
    ...(uses('^') ? [rpmlibFeature('CaretInVersions', '4.15.0-1')] : []),
    ...(hasLargeFiles(records) ? [rpmlibFeature('LargeFiles', '4.12.0-1')] : []),
    ...(all.some(({ name }) => isRich(name)) ? [rpmlibFeature('RichDependencies', '4.12.0-1')] : []),
  ]
}

const isRich = (name: string) => name.startsWith('(')
