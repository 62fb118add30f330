import type { PackageVersion } from '../package-spec.ts'
import {
  schemeIn,
  tilde,
  type VersionAlphabet,
  type VersionFinding,
  type VersionSchemeName,
  versionFindings,
} from '../version.ts'

/** A version in rpm's three parts; written `epoch:version-release`. */
export interface RpmVersion {
  readonly epoch: number
  readonly version: string
  readonly release: string
}

type Parts = (upstream: string, build: string) => Omit<RpmVersion, 'epoch'>

// rpm has no hyphen in a version.
const dotted = (upstream: string): string => upstream.replaceAll('-', '.')

const schemes = {
  standard: (upstream, build) => ({ version: dotted(upstream), release: build === '' ? '1' : build }),
  // The Kismatic packages carry the build number in the version, as `1.5.1_1`, and always have the release 1.
  ket: (upstream, build) => ({
    version: build === '' ? dotted(upstream) : `${dotted(upstream)}_${build}`,
    release: '1',
  }),
} as const satisfies Record<VersionSchemeName, Parts>

/** As rpmbuild's checks of Version and Release. */
const alphabet: VersionAlphabet = {
  format: 'rpm',
  buildWord: 'release',
  declared: /[^A-Za-z0-9._+~^-]/u,
  build: /[^A-Za-z0-9._+~^]/u,
  allowed: 'letters, digits and . _ + ~ ^ -',
}

export function rpmVersion(version: PackageVersion): RpmVersion {
  const parts = schemeIn<Parts>(schemes, version)(tilde(version.declared), version.build)
  return { epoch: version.epoch, ...parts }
}

/** `epoch:version-release`, without an epoch of 0. */
export function rpmVersionText({ epoch, version, release }: RpmVersion): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`
}

/** The version in a relation. A text is taken as it is, but for a SemVer pre-release. */
export const rpmRelationVersion = (version: string | PackageVersion): string =>
  typeof version === 'string' ? tilde(version) : rpmVersionText(rpmVersion(version))

/** Everything wrong with a version; empty when it can be written. */
export const rpmVersionFindings = (version: PackageVersion): readonly VersionFinding[] =>
  versionFindings(version, alphabet)
