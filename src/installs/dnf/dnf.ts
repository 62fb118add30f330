import { compareRpmVersions } from '../../packages/version-order.ts'
import type { InstallResolver } from '../install-resolver.ts'
import { answer } from './answer.ts'
import { relationsOf } from './relations.ts'
import { specsOf } from './specs.ts'

const portable = 'noarch'

/** dnf 4 with the choices of Enterprise Linux: the best candidate or none. */
export const dnf: InstallResolver = {
  program: 'dnf',
  packageFormat: 'rpm',
  portable,
  architecturesOf: (_index, packages) => {
    const found = [...new Set(packages.map(({ architecture }) => architecture))]
    const real = found.filter((one) => one !== portable && one !== 'src')
    return real.length > 0 ? real : ['x86_64']
  },
  relationsOf,
  compareVersions: compareRpmVersions,
  commandText: (trial) => `dnf ${trial.verb} ${specsOf(trial).join(' ')}`,
  answer,
}
