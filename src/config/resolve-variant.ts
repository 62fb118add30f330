import { UserError } from '../errors.ts'
import type {
  PackageCompression,
  PackageVersion,
  Relation,
  RelationList,
  Relations,
  Trigger,
} from '../packages/package-spec.ts'
import { parseRelations } from '../packages/relation.ts'
import { changelogOf } from './changelog.ts'
import { splitReleaseVersion } from './component-version.ts'
import type { ReleaseVersion } from './config.ts'
import { compressionLevels, packageDefaults } from './defaults.ts'
import type { Path, Problem } from './finding.ts'
import type { VersionKinds } from './kinds.ts'
import { type MergedVariant, mergeVariant } from './merge-variant.ts'
import { quote } from './quote.ts'
import { replaceArchitecture } from './references.ts'
import { resolveContents } from './resolve-contents.ts'
import type { ResolvedPackage, Variant } from './resolved-package.ts'
import type { WrittenPackage, WrittenVariant } from './schema/package-schema.ts'

/** What a package is resolved with. */
export interface PackageWorld {
  readonly packages: { readonly [name: string]: WrittenPackage }
  readonly version: ReleaseVersion
  readonly sourceNames: readonly string[]
  readonly versions: VersionKinds
}

export interface ResolvedVariant {
  /** What stands when there are no problems. */
  readonly resolved: ResolvedPackage
  readonly problems: readonly Problem[]
}

/** Collects problems at places of one variant. */
export type Report = (path: Path, code: string, message: string, hint: string) => void

/** A package for one variant, and everything wrong with it. Pure. */
export function resolveVariant(name: string, variant: Variant, world: PackageWorld): ResolvedVariant {
  const written = world.packages[name]
  if (written === undefined) throw new Error(`There is no package "${name}" in the config`)
  const merged = forArchitecture(mergeVariant(name, written, variant), variant.architecture)
  const problems: Problem[] = []
  const report: Report = (path, code, message, hint) => {
    problems.push({ path: merged.pathOf(path), code, message, hint })
  }
  const { fields } = merged
  const version = versionOf(fields, world.version)
  reportVersion(version, variant.format, world, fields, report)
  const contents = resolveContents(fields, world.sourceNames, report)
  const resolved: ResolvedPackage = {
    ...variant,
    name,
    version,
    ...textsOf(fields, report),
    ...contents,
    relations: relationsOf(fields, variant, world, report),
    scripts: fields.scripts ?? {},
    triggers: triggersOf(fields),
    changelog: changelogOf(fields, report),
    compression: compressionOf(fields, report),
    fields: fields.fields ?? {},
    sign: fields.sign,
  }
  return { resolved, problems }
}

/** Late references are replaced in every text, keys excepted. */
export function forArchitecture(merged: MergedVariant, architecture: string): MergedVariant {
  const replaced = replaceTexts(merged.fields, architecture)
  return { fields: replaced, pathOf: (path) => merged.pathOf(path) }
}

function replaceTexts<Value>(value: Value, architecture: string): Value {
  // Each branch gives back what it was given, with other texts: the type stays.
  if (typeof value === 'string') return replaceArchitecture(value, architecture) as Value
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, architecture)) as Value
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).map(([key, member]) => [key, replaceTexts(member, architecture)])
  return Object.fromEntries(members) as Value
}

function versionOf(fields: WrittenVariant, release: ReleaseVersion): PackageVersion {
  return {
    epoch: fields.epoch ?? release.epoch,
    declared: fields.version ?? release.declared,
    build: String(fields.build ?? release.build),
    scheme: release.scheme,
  }
}

/** Of a package of others, where it is not to have theirs: their numbering, whatever ours is. */
export const ownVersionOf = ({ version, build, epoch }: WrittenVariant): PackageVersion | undefined =>
  version === undefined
    ? undefined
    : {
        epoch: epoch ?? 0,
        declared: version,
        build: String(build ?? packageDefaults.build),
        scheme: 'standard',
      }

export function reportVersion(
  version: PackageVersion,
  format: string,
  { versions, version: release }: PackageWorld,
  fields: WrittenVariant,
  report: Report,
): void {
  for (const { member, code, message, hint } of versions.findings(format, version)) {
    const field = member === 'declared' ? 'version' : member
    const isHere = field !== 'scheme' && fields[field] !== undefined
    // Said once, where the component is (rules/component-version.ts).
    if (!isHere && release.component !== undefined) continue
    report(isHere ? [field] : [], code, message, hint)
  }
}

/** What is missing has been reported with the schema. */
function triggersOf({ triggers = [] }: WrittenVariant): readonly Trigger[] {
  return triggers.flatMap(({ kind, on, script }) => {
    if (kind === undefined || on === undefined) return []
    return [script === undefined ? { kind, on } : { kind, on, script }]
  })
}

type Texts = Pick<
  ResolvedPackage,
  'summary' | 'description' | 'maintainer' | 'vendor' | 'homepage' | 'license' | 'section' | 'priority'
>

function textsOf(fields: WrittenVariant, report: Report): Texts {
  const summary = required(
    'summary',
    fields,
    'Say in one line what it is: summary: Very fast bundler.',
    report,
  )
  const maintainer = required(
    'maintainer',
    fields,
    'Say who looks after it: maintainer: Name <mail@example.org>.',
    report,
  )
  checkTexts({ ...fields, summary, maintainer }, report)
  return {
    summary: summary.trim(),
    description: fields.description?.trim() ?? summary.trim(),
    maintainer,
    license: required('license', fields, 'Name it as an SPDX expression: license: Apache-2.0.', report),
    section: fields.section ?? packageDefaults.section,
    priority: fields.priority ?? packageDefaults.priority,
    vendor: fields.vendor,
    homepage: fields.homepage,
  }
}

/** What is wrong with texts that are there. */
export function checkTexts(
  { summary, maintainer, homepage }: Pick<WrittenVariant, 'summary' | 'maintainer' | 'homepage'>,
  report: Report,
): void {
  if (/[\r\n]/.test((summary ?? '').trim())) {
    report(
      ['summary'],
      'PACKAGE_SUMMARY',
      'The summary has more than one line.',
      'Move the rest to "description".',
    )
  }
  if (
    maintainer !== undefined &&
    maintainer !== '' &&
    !/^[^<>]*\S\s*<[^<>@\s]+@[^<>@\s]+>$/.test(maintainer)
  ) {
    const hint = 'Write a name and a mail address: Release Team <release@example.org>.'
    report(
      ['maintainer'],
      'PACKAGE_MAINTAINER',
      `${quote(maintainer)} is not of the form "Name <mail>".`,
      hint,
    )
  }
  if (homepage !== undefined && !URL.canParse(homepage)) {
    report(['homepage'], 'PACKAGE_HOMEPAGE', `${quote(homepage)} is not a URL.`, 'Begin it with "https://".')
  }
}

function required(
  field: 'summary' | 'maintainer' | 'license',
  fields: WrittenVariant,
  hint: string,
  report: Report,
): string {
  const value = fields[field]
  if (value === undefined) report([field], 'CONFIG_MISSING', `"${field}" is missing.`, hint)
  return value ?? ''
}

export function relationsOf(
  fields: WrittenVariant,
  variant: Variant,
  world: PackageWorld,
  report: Report,
): Relations {
  const listOf = (field: keyof Relations): RelationList =>
    (fields[field] ?? [])
      .flatMap((text, index) => readRelations(text, [field, index], report))
      .map((alternatives) => alternatives.map((one) => withOwnVersion(one, variant, world)))
  return {
    depends: listOf('depends'),
    preDepends: listOf('preDepends'),
    recommends: listOf('recommends'),
    suggests: listOf('suggests'),
    enhances: listOf('enhances'),
    conflicts: listOf('conflicts'),
    breaks: listOf('breaks'),
    provides: listOf('provides'),
    replaces: listOf('replaces'),
    obsoletes: listOf('obsoletes'),
  }
}

function readRelations(text: string, path: Path, report: Report): RelationList {
  try {
    return parseRelations(text)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    report(path, error.code, error.message, error.hint ?? '')
    return []
  }
}

/** A relation to a package of this file, at the version it has there, means that version in full: with epoch and build. */
function withOwnVersion(relation: Relation, variant: Variant, world: PackageWorld): Relation {
  const written = Object.hasOwn(world.packages, relation.name) ? world.packages[relation.name] : undefined
  if (written === undefined || relation.version === undefined) return relation
  const { fields } = forArchitecture(mergeVariant(relation.name, written, variant), variant.architecture)
  const version = versionOf(fields, world.version)
  if (version.declared === relation.version) return { ...relation, version }
  // `= ${version}`, or an older release: upstream and build, which each format spells in its own way.
  const isRelease = world.version.component !== undefined && fields.version === undefined
  const parts =
    isRelease && typeof relation.version === 'string' ? splitReleaseVersion(relation.version) : version
  return parts === version || parts.build === ''
    ? relation
    : { ...relation, version: { ...version, ...parts } }
}

function compressionOf(fields: WrittenVariant, report: Report): PackageCompression {
  const written = fields.compression ?? packageDefaults.compression
  const kind = typeof written === 'string' ? written : written.kind
  const { usual, min, max } = compressionLevels[kind]
  const level = typeof written === 'string' ? usual : (written.level ?? usual)
  if (level < min || level > max) {
    const hint = `The levels of ${kind} are ${min} to ${max}.`
    report(['compression', 'level'], 'PACKAGE_COMPRESSION', `${kind} has no level ${level}.`, hint)
  }
  return { kind, level }
}
