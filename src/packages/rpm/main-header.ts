import { changelogOf } from '../changelog.ts'
import type { PackageSpec } from '../package-spec.ts'
import { rpmArchitecture } from './architecture.ts'
import { type ContentRecord, contentTags } from './content.ts'
import { encodeMainHeader, type TagValues } from './encode-header.ts'
import { fieldTags } from './fields.ts'
import { dependencyTagValues } from './package-dependencies.ts'
import { scriptletNames, scriptletSlots, scriptletsOf } from './scriptlets.ts'
import type { HeaderTag } from './tags.ts'
import { triggersOf, triggerTags } from './triggers.ts'
import { rpmVersion, rpmVersionText } from './version.ts'

/** What is known of the payload once it has been written. */
export interface PayloadFacts {
  /** Hex SHA-256 of the compressed payload, and of the archive inside. */
  readonly digest: string
  readonly archiveDigest: string
  /** Colors of the ELF files, by inode. */
  readonly colors: ReadonlyMap<number, number>
}

/** The main header. Its length depends on the spec alone, because digests have a fixed length. */
export function mainHeader(
  spec: PackageSpec,
  records: readonly ContentRecord[],
  payload: PayloadFacts,
): Uint8Array {
  const scriptlets = scriptletsOf(spec)
  const triggers = triggersOf(spec)
  const triggerScriptlets = triggers.map(({ scriptlet }) => scriptlet)
  return encodeMainHeader({
    ...identityTags(spec),
    ...payloadTags(spec, payload),
    ...contentTags(records, { epoch: spec.epoch, colors: payload.colors }),
    ...dependencyTagValues({ spec, records, scriptlets, triggerScriptlets }),
    ...scriptletTags(spec),
    ...triggerTags(triggers),
    ...changelogTags(spec),
    ...fieldTags(spec.fields),
  })
}

// Readers take it as the level of the format, so it is a version of rpm, and the one whose packages ours are compared with.
export const formatVersion = '4.18.0'
// The same on every machine: the name of the real one is nobody's business and would change the bytes.
export const buildHost = 'reproducible'

function identityTags(spec: PackageSpec): TagValues<HeaderTag> {
  const { epoch, version, release } = rpmVersion(spec.version)
  const architecture = rpmArchitecture(spec.architecture)
  return {
    headerI18nTable: ['C'],
    name: spec.name,
    version,
    release,
    epoch: epoch === 0 ? undefined : [epoch],
    summary: spec.summary,
    description: spec.description.trimEnd(),
    buildTime: [spec.epoch],
    buildHost,
    vendor: spec.vendor,
    license: spec.license,
    packager: spec.maintainer,
    // rpm has no list of groups any more; without one rpmlint reports an error.
    group: spec.section === '' ? 'Unspecified' : spec.section,
    url: spec.homepage,
    os: 'linux',
    arch: architecture,
    platform: `${architecture}-linux`,
    // Its presence tells a binary package from a source package.
    sourceRpm: `${spec.name}-${version}-${release}.src.rpm`,
    rpmVersion: formatVersion,
    encoding: 'utf-8',
  }
}

const sha256Algorithm = 8

export function payloadTags(
  { compression }: Pick<PackageSpec, 'compression'>,
  payload: PayloadFacts,
): TagValues<HeaderTag> {
  const isPlain = compression.kind === 'none'
  return {
    payloadFormat: 'cpio',
    // As rpmbuild: without a compressor there is no name for it, and readers find that out themselves.
    payloadCompressor: isPlain ? undefined : compression.kind,
    payloadFlags: isPlain ? '' : String(compression.level),
    payloadDigest: [payload.digest],
    payloadDigestAlgo: [sha256Algorithm],
    payloadDigestAlt: [payload.archiveDigest],
  }
}

function scriptletTags(spec: PackageSpec): TagValues<HeaderTag> {
  const scriptlets = scriptletsOf(spec)
  let tags: TagValues<HeaderTag> = {}
  for (const name of scriptletNames) {
    const scriptlet = scriptlets.get(name)
    if (scriptlet === undefined) continue
    const { script, program } = scriptletSlots[name]
    tags = { ...tags, [script]: scriptlet.body, [program]: scriptlet.interpreter }
  }
  return tags
}

function changelogTags(spec: PackageSpec): TagValues<HeaderTag> {
  const changelog = changelogOf(spec, rpmVersionText(rpmVersion(spec.version)))
  return {
    changelogTime: changelog.map(({ date }) => noonOf(date)),
    changelogName: changelog.map(({ author, version }) => `${author} - ${version}`),
    changelogText: changelog.map(({ changes }) => changes.map((change) => `- ${change}`).join('\n')),
  }
}

/** rpm's changelogs have days, and say noon of them in UTC so that no time zone moves them. */
const noonOf = (date: number) => Math.floor(date / 86_400) * 86_400 + 43_200
