import type { Config, PackageConfig } from '../config/config.ts'
import { resolvePackage, resolveRepackaged } from '../config/resolve-package.ts'
import type { Variant } from '../config/resolved-package.ts'
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
    .map((variant) => spelled(declared, variant, config))
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

function spelled({ name, written }: PackageConfig, variant: Variant, config: Config): string {
  const { version } =
    written.repackage === undefined
      ? resolvePackage(config, name, variant)
      : resolveRepackaged(config, name, variant)
  if (version !== undefined) return packageFormat(variant.format).spellVersion(version)
  throw new UserError(
    'PACKAGE_VERSION_UNKNOWN',
    `"${name}" has the version of the package that it is made of, which only its file says.`,
    {
      hint: `Write packages.${name}.version, or take the package out of the consumers' edits.`,
    },
  )
}
