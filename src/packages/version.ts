import type { PackageVersion } from './package-spec.ts'

/** A version in rpm's three parts; written `epoch:version-release`. */
export interface RpmVersion {
  readonly epoch: number
  readonly version: string
  readonly release: string
}

/** How one declared version and its build number become the two formats' versions. */
interface VersionScheme {
  readonly deb: (upstream: string, build: string) => { upstream: string; revision: string }
  readonly rpm: (upstream: string, build: string) => { version: string; release: string }
}

/** The schemes. rpm has no hyphen in a version; deb splits at the last one. */
const versionSchemes: { readonly [name: string]: VersionScheme } = {
  standard: {
    deb: (upstream, build) => ({ upstream, revision: build }),
    rpm: (upstream, build) => ({
      version: upstream.replaceAll('-', '.'),
      release: build === '' ? '1' : build,
    }),
  },
  // The Kismatic packages carry the build number in rpm's version, as `1.5.1_1`, and always have the release 1.
  ket: {
    deb: (upstream, build) => ({ upstream, revision: build }),
    rpm: (upstream, build) => ({
      version: build === '' ? upstream.replaceAll('-', '.') : `${upstream.replaceAll('-', '.')}_${build}`,
      release: '1',
    }),
  },
}

export const versionSchemeNames: readonly string[] = Object.keys(versionSchemes)

/** The version as dpkg writes it, e.g. `1:1.5.1~rc.1-1`. */
export function debVersion(version: PackageVersion): string {
  return version.epoch === 0
    ? debVersionWithoutEpoch(version)
    : `${version.epoch}:${debVersionWithoutEpoch(version)}`
}

/** As in file names: Debian leaves the epoch out. */
export function debVersionWithoutEpoch({ declared, build, scheme }: PackageVersion): string {
  const { upstream, revision } = schemeOf(scheme).deb(tilde(declared), build)
  // Without a revision the last hyphen would be taken for its beginning.
  return revision === '' ? upstream.replaceAll('-', '.') : `${upstream}-${revision}`
}

export function rpmVersion({ epoch, declared, build, scheme }: PackageVersion): RpmVersion {
  return { epoch, ...schemeOf(scheme).rpm(tilde(declared), build) }
}

/** `epoch:version-release`, without an epoch of 0. */
export function rpmVersionText({ epoch, version, release }: RpmVersion): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`
}

/** The version in a relation, in a format's form. A text is taken as it is, but for a SemVer pre-release. */
export function relationVersionIn(format: 'deb' | 'rpm', version: string | PackageVersion): string {
  if (typeof version === 'string') return tilde(version)
  return format === 'deb' ? debVersion(version) : rpmVersionText(rpmVersion(version))
}

function schemeOf(name: string): VersionScheme {
  const scheme = Object.hasOwn(versionSchemes, name) ? versionSchemes[name] : undefined
  if (scheme === undefined) throw new Error(`The version scheme "${name}" has passed the findings`)
  return scheme
}

// A pre-release has a letter in front: `1.5.1-1` in a relation is a version with a revision.
const preRelease = /^((?:\d+:)?\d+(?:\.\w+)*)-([A-Za-z][0-9A-Za-z.-]*)(\+[0-9A-Za-z.-]+)?$/

/** Both dpkg and rpm sort `~` before the end: 1.5.0~rc.1 < 1.5.0. */
function tilde(declared: string): string {
  return declared.replace(preRelease, (_, core: string, identifiers: string, metadata = '') => {
    return `${core}~${identifiers}${metadata}`
  })
}

export interface VersionFinding {
  /** The part of the version that is wrong. */
  readonly member: 'declared' | 'build' | 'epoch' | 'scheme'
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** What a version scheme writes; deb-version(7) and rpm's lib/rpmchecksig character checks. */
const alphabets = {
  deb: { declared: /[^A-Za-z0-9.+~-]/u, build: /[^A-Za-z0-9.+~]/u, allowed: 'letters, digits and . + ~ -' },
  rpm: {
    declared: /[^A-Za-z0-9._+~^-]/u,
    build: /[^A-Za-z0-9._+~^]/u,
    allowed: 'letters, digits and . _ + ~ ^ -',
  },
} as const

/** Everything wrong with a version for a format; empty when it can be written. */
export function versionFindings(format: 'deb' | 'rpm', version: PackageVersion): readonly VersionFinding[] {
  const findings: VersionFinding[] = []
  if (!versionSchemeNames.includes(version.scheme)) {
    findings.push({
      member: 'scheme',
      code: 'VERSION_SCHEME',
      message: `The version scheme "${version.scheme}" is not known.`,
      hint: `Use one of ${versionSchemeNames.join(', ')}.`,
    })
  }
  if (!Number.isSafeInteger(version.epoch) || version.epoch < 0 || version.epoch > 0x7fffffff) {
    findings.push({
      member: 'epoch',
      code: 'VERSION_EPOCH',
      message: `The epoch ${version.epoch} is not a whole number from 0 to 2147483647.`,
      hint: 'Leave the epoch out, unless an earlier version number was too high.',
    })
  }
  return [...findings, ...declaredFindings(format, version.declared), ...buildFindings(format, version.build)]
}

function declaredFindings(format: 'deb' | 'rpm', declared: string): VersionFinding[] {
  const finding = (code: string, message: string, hint: string): VersionFinding[] => [
    { member: 'declared', code, message, hint },
  ]
  if (/^[vV]\d/.test(declared)) {
    return finding(
      'VERSION_PREFIX',
      `The version "${declared}" begins with "${declared[0]}".`,
      `Write "${declared.slice(1)}": the letter belongs to a tag, not to a version.`,
    )
  }
  const illegal = alphabets[format].declared.exec(declared)
  if (illegal !== null) {
    return finding(
      'VERSION_CHARACTER',
      `The version "${declared}" contains "${illegal[0]}", which a ${format} version cannot have.`,
      `Use ${alphabets[format].allowed} only.`,
    )
  }
  if (!/^\d/.test(declared)) {
    return finding(
      'VERSION_START',
      `The version "${declared}" does not begin with a digit.`,
      'Begin the version with a digit, for example 1.0.0.',
    )
  }
  // SemVer calls 1.5.1-1 a pre-release, and everybody else calls it a build of 1.5.1: the two sort on opposite sides.
  if (/^\d+\.\d+(\.\d+)*-\d+(\.\d+)*$/.test(declared)) {
    return finding(
      'VERSION_AMBIGUOUS',
      `The version "${declared}" ends in a number after a hyphen, which may mean a build or a pre-release.`,
      'Write the build number as the package\'s "build", or name the pre-release, for example "-rc.1".',
    )
  }
  return []
}

function buildFindings(format: 'deb' | 'rpm', build: string): VersionFinding[] {
  const illegal = alphabets[format].build.exec(build)
  if (illegal === null) return []
  return [
    {
      member: 'build',
      code: 'BUILD_CHARACTER',
      message: `The build number "${build}" contains "${illegal[0]}", which a ${format} ${format === 'deb' ? 'revision' : 'release'} cannot have.`,
      hint: 'Use letters, digits and dots only, for example 1.',
    },
  ]
}
