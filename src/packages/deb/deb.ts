import { UserError } from '../../errors.ts'
import { knownArchitecture } from '../architecture.ts'
import { specOfChanges } from '../package-changes.ts'
import type { PackageFormat } from '../package-format.ts'
import type { PackageSpec } from '../package-spec.ts'
import { compareDebVersions } from '../version-order.ts'
import { buildDeb } from './build.ts'
import { debFindings } from './findings.ts'
import { debMentions } from './mentions.ts'
import { readDebInfo } from './read.ts'
import { repackageDeb } from './repackage.ts'
import { unpackDeb } from './unpack.ts'
import { debVersion, debVersionFindings, debVersionWithoutEpoch } from './version.ts'

/** Binary Debian packages, format 2.0. */
export const deb: PackageFormat = {
  name: 'deb',
  extension: '.deb',
  embeddedSignature: 'on request',
  architecture: knownArchitecture,
  version: (spec) => debVersion(spec.version),
  spellVersion: debVersion,
  compareVersions: compareDebVersions,
  versionFindings: debVersionFindings,
  mentions: debMentions,
  fileName,
  findings: debFindings,
  build: async (spec, context) => {
    refuseFindings(spec)
    await buildDeb(spec, context)
  },
  read: readDebInfo,
  repackage: {
    originalsMax: 1,
    findings: (changes) => debFindings(specOfChanges(changes)),
    build: repackageDeb,
  },
  unpack: unpackDeb,
}

/** dpkg's convention; the epoch is not in it. */
function fileName({ name, version, architecture }: PackageSpec): string {
  return `${name}_${debVersionWithoutEpoch(version)}_${knownArchitecture(architecture)}.deb`
}

function refuseFindings(spec: PackageSpec): void {
  const [first, ...others] = debFindings(spec)
  if (first === undefined) return
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  throw new UserError(first.code, `${first.message}${more}`, { hint: first.hint })
}
