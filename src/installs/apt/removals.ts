import type { ResolverWorld } from '../install-resolver.ts'
import { linesOf } from '../run-program.ts'
import { distributionPackage } from './world-files.ts'

/**
 * apt-get takes away what stands in its way, and calls that a success. It is one where a package says that it replaces
 * what is taken away.
 */
export function removedAgainstTheirWill(output: string, { packages }: ResolverWorld): readonly string[] {
  const lines = linesOf(output)
  const names = (verb: string) =>
    lines.flatMap((line) => {
      const [, name, version] =
        new RegExp(`^${verb} (\\S+)(?: \\[[^\\]]*\\])?(?: \\((\\S+))?`).exec(line) ?? []
      return name === undefined ? [] : [{ name: name.replace(/:.*$/, ''), version }]
    })
  const added = names('Inst').flatMap(({ name, version }) =>
    packages.filter(({ entry }) => entry.name === name && entry.version === version),
  )
  const replaced = new Set(added.flatMap(({ relations }) => relations.replaces))
  return names('Remv')
    .filter(({ name }) => !replaced.has(name))
    .map(({ name }) =>
      name === distributionPackage
        ? 'it would remove something of the distribution that is needed'
        : `it would remove ${name}`,
    )
}
