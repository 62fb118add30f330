import { compareDebVersions } from '../../packages/version-order.ts'
import { packagesIndexParts } from '../../repositories/apt/layout.ts'
import type { InstallResolver, Trial } from '../install-resolver.ts'
import { answer } from './answer.ts'
import { relationsOf } from './relations.ts'

const portable = 'all'

/** apt-get, which satisfies a relation only with the newest version of a package that it may take. */
export const apt: InstallResolver = {
  program: 'apt-get',
  packageFormat: 'deb',
  portable,
  architecturesOf: (index, packages) => {
    const { architecture } = packagesIndexParts(index) ?? {}
    if (architecture !== undefined) return architecture === portable ? [] : [architecture]
    const found = [...new Set(packages.map((entry) => entry.architecture))].filter((one) => one !== portable)
    return found.length > 0 ? found : ['amd64']
  },
  relationsOf,
  compareVersions: compareDebVersions,
  commandText,
  answer,
}

// There is one command for both: "upgrade" would leave out what needs a package more.
function commandText({ wanted }: Trial): string {
  const names = wanted.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`))
  return `apt-get install ${names.join(' ')}`
}
