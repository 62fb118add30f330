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
export function rpmVersionFindings(version: PackageVersion): readonly VersionFinding[] {
  const findings = versionFindings(version, alphabet)
  return findings.length > 0 || version.scheme !== ('ket' satisfies VersionSchemeName)
    ? findings
    : ketFindings(version)
}

// As many numbers in every version, so that the build is compared with the build. An rpm that needs no build has none.
const ketUpstream = /^\d+\.\d+\.\d+(?:~[A-Za-z]+\.?\d+)?$/

/** To rpm `_` and `.` are the same separator: 1.5.1_1 = 1.5.1.1, and 1.5.1_2 > 1.5.1.1_1. dpkg says otherwise. */
function ketFindings({ declared, build }: PackageVersion): readonly VersionFinding[] {
  const findings: VersionFinding[] = []
  if (!ketUpstream.test(dotted(tilde(declared)))) {
    findings.push({
      member: 'declared',
      code: 'VERSION_KET',
      message: `The scheme ket cannot write the version "${declared}" so that rpm sorts it: rpm reads "_" and "." alike, so 1.5.1.1 and 1.5.1_1 (build 1 of 1.5.1) are the same version for it.`,
      hint: 'Use three numbers, and for a pre-release one word and one number: 1.5.1, 1.5.1-rc.1. Or use the scheme "standard".',
    })
  }
  if (!/^\d*$/.test(build)) {
    findings.push({
      member: 'build',
      code: 'VERSION_KET',
      message: `The scheme ket cannot write the build number "${build}" so that rpm sorts it: rpm reads "_" and "." alike.`,
      hint: 'Use a whole number, such as 1. Or use the scheme "standard".',
    })
  }
  return findings
}
