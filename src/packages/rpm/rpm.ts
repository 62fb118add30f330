import { UserError } from '../../errors.ts'
import { specOfChanges } from '../package-changes.ts'
import type { PackageFormat } from '../package-format.ts'
import type { PackageSpec } from '../package-spec.ts'
import { compareRpmVersions } from '../version-order.ts'
import { rpmArchitecture } from './architecture.ts'
import { buildRpm } from './build.ts'
import { findingsOf } from './findings.ts'
import { rpmMentions } from './mentions.ts'
import { readRpm } from './package-info.ts'
import { repackageRpm } from './repackage/repackage.ts'
import { rpmVersion, rpmVersionFindings, rpmVersionText } from './version.ts'

/** RPM packages of the format version 4, which every rpm since 4.14 (RHEL 8) installs. */
export const rpm: PackageFormat = {
  name: 'rpm',
  extension: '.rpm',
  embeddedSignature: 'usual',
  architecture: rpmArchitecture,
  version: (spec) => rpmVersionText(rpmVersion(spec.version)),
  spellVersion: (version) => rpmVersionText(rpmVersion(version)),
  compareVersions: compareRpmVersions,
  versionFindings: rpmVersionFindings,
  mentions: rpmMentions,
  fileName,
  findings: findingsOf,
  build: async (spec, context) => {
    refuseFindings(spec)
    await buildRpm(spec, context)
  },
  read: readRpm,
  repackage: {
    originalsMax: 20,
    findings: (changes) => findingsOf(specOfChanges(changes)),
    build: repackageRpm,
  },
}

/** The epoch is not in it, as with rpmbuild. */
function fileName(spec: PackageSpec): string {
  const { version, release } = rpmVersion(spec.version)
  return `${spec.name}-${version}-${release}.${rpmArchitecture(spec.architecture)}.rpm`
}

function refuseFindings(spec: PackageSpec): void {
  const [first, ...others] = findingsOf(spec)
  if (first === undefined) return
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  throw new UserError(first.code, `${first.message}${more}`, { hint: first.hint })
}
