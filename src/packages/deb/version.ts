import type { PackageVersion } from '../package-spec.ts'
import {
  schemeIn,
  tilde,
  type VersionAlphabet,
  type VersionFinding,
  type VersionSchemeName,
  versionFindings,
} from '../version.ts'

/** What stands before and after the last hyphen of a Debian version. */
type Parts = (upstream: string, build: string) => { readonly upstream: string; readonly revision: string }

const schemes = {
  standard: (upstream, build) => ({ upstream, revision: build }),
  // The Kismatic packages carry the build number as the revision, as everybody does.
  ket: (upstream, build) => ({ upstream, revision: build }),
} as const satisfies Record<VersionSchemeName, Parts>

/** deb-version(7). */
const alphabet: VersionAlphabet = {
  format: 'deb',
  buildWord: 'revision',
  declared: /[^A-Za-z0-9.+~-]/u,
  build: /[^A-Za-z0-9.+~]/u,
  allowed: 'letters, digits and . + ~ -',
}

/** The version as dpkg writes it, e.g. `1:1.5.1~rc.1-1`. */
export function debVersion(version: PackageVersion): string {
  return version.epoch === 0
    ? debVersionWithoutEpoch(version)
    : `${version.epoch}:${debVersionWithoutEpoch(version)}`
}

/** As in file names: Debian leaves the epoch out. */
export function debVersionWithoutEpoch(version: PackageVersion): string {
  const { upstream, revision } = schemeIn<Parts>(schemes, version)(tilde(version.declared), version.build)
  // Without a revision the last hyphen would be taken for its beginning.
  return revision === '' ? upstream.replaceAll('-', '.') : `${upstream}-${revision}`
}

/** The version in a relation. A text is taken as it is, but for a SemVer pre-release. */
export const debRelationVersion = (version: string | PackageVersion): string =>
  typeof version === 'string' ? tilde(version) : debVersion(version)

/** Everything wrong with a version; empty when it can be written. */
export const debVersionFindings = (version: PackageVersion): readonly VersionFinding[] =>
  versionFindings(version, alphabet)
