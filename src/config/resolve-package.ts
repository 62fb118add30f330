import type { Config } from './config.ts'
import type { VersionKinds } from './kinds.ts'
import { configKinds } from './providers.ts'
import { resolveVariant } from './resolve-variant.ts'
import type { ResolvedPackage, Variant } from './resolved-package.ts'

/**
 * A package for one format, architecture and distribution: overrides applied (later wins: package, format,
 * architecture, distribution), `${arch}` replaced, every default filled in. Pure; the config was checked.
 */
export function resolvePackage(
  config: Config,
  name: string,
  variant: Variant,
  versions: VersionKinds = configKinds.versions,
): ResolvedPackage {
  const packages = Object.fromEntries(Object.values(config.packages).map((one) => [one.name, one.written]))
  const { resolved, problems } = resolveVariant(name, variant, {
    packages,
    version: config.version,
    sourceNames: Object.keys(config.sources),
    versions,
  })
  const [first] = problems
  if (first !== undefined) throw new Error(`A checked package has a problem: ${first.message}`)
  return resolved
}
