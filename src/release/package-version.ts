import type { Config } from '../config/config.ts'
import { resolvePackage } from '../config/resolve-package.ts'
import { UserError } from '../errors.ts'
import { packageFormat } from '../packages/index.ts'
import { variantsOf } from './artifact-nodes.ts'

/** The version of a declared package in a format, as that format's tools print it. */
export function packageVersionOf(config: Config, name: string, format: string): string {
  const declared = config.packages[name]
  if (declared === undefined)
    throw new Error(`There is no package "${name}", although the config was checked`)
  const versions = variantsOf(config, declared)
    .filter((variant) => variant.format === format)
    .map((variant) => packageFormat(format).spellVersion(resolvePackage(config, name, variant).version))
  const [version, ...others] = [...new Set(versions)]
  if (version === undefined)
    throw new Error(`"${name}" is not built as ${format}, although the config was checked`)
  if (others.length === 0) return version
  throw new UserError(
    'PACKAGE_VERSIONS',
    `"${name}" has several versions as ${format}: ${[version, ...others].join(', ')}.`,
    { hint: 'Consumers are told one version of a package: take the overrides of its version out.' },
  )
}
