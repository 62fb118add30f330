import type { Config } from './config.ts'
import type { Problem } from './finding.ts'
import type { VersionKinds } from './kinds.ts'
import { configKinds } from './providers.ts'
import { resolveRepackage } from './resolve-repackage.ts'
import { type PackageWorld, resolveVariant } from './resolve-variant.ts'
import type { ResolvedPackage, ResolvedRepackage, Variant } from './resolved-package.ts'

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
  return withoutProblems(resolveVariant(name, variant, worldOf(config, versions)))
}

/** As `resolvePackage`, for a package of finished ones of others. */
export const resolveRepackaged = (
  config: Config,
  name: string,
  variant: Variant,
  versions: VersionKinds = configKinds.versions,
): ResolvedRepackage => withoutProblems(resolveRepackage(name, variant, worldOf(config, versions)))

const worldOf = (config: Config, versions: VersionKinds): PackageWorld => ({
  packages: Object.fromEntries(Object.values(config.packages).map((one) => [one.name, one.written])),
  version: config.version,
  sourceNames: Object.keys(config.sources),
  versions,
})

function withoutProblems<Resolved>({
  resolved,
  problems: [first],
}: {
  readonly resolved: Resolved
  readonly problems: readonly Problem[]
}): Resolved {
  if (first !== undefined) throw new Error(`A checked package has a problem: ${first.message}`)
  return resolved
}
