import type { Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import { resolveRepackage } from '../resolve-repackage.ts'
import { type PackageWorld, resolveVariant } from '../resolve-variant.ts'
import type { Variant } from '../resolved-package.ts'
import { formatsOf, repositoryViews, variantsOf } from '../variants.ts'
import { namesIn, problem, type Rule, type RuleContext } from './rule.ts'

/** Every variant of every package is complete and can be built, as far as can be said without fetching anything. */
export const packages: Rule = (context) => {
  const { config, kinds, version } = context
  const world = {
    packages: config.packages ?? {},
    version,
    sourceNames: namesIn(context, 'sources'),
    versions: kinds.versions,
  }
  return Object.keys(config.packages ?? {}).flatMap((name) => [
    ...checkArchitectures(name, context),
    ...checkOverrides(name, context),
    ...variantProblems(name, context, world),
  ])
}

function variantProblems(
  name: string,
  { config, kinds }: RuleContext,
  world: PackageWorld,
): readonly Problem[] {
  const problemsOf = (variant: Variant): readonly Problem[] => {
    const resolve = config.packages?.[name]?.repackage === undefined ? resolveVariant : resolveRepackage
    return resolve(name, variant, world).problems
  }
  const variants = variantsOf(name, config, kinds)
  if (variants.length > 0) {
    return variants.flatMap(problemsOf)
  }
  // The architectures are missing: all that does not depend on them is checked.
  return formatsOf(name, config, kinds)
    .flatMap((format) => problemsOf({ format, architecture: 'all', distribution: undefined }))
    .filter(({ code }) => code !== 'CONFIG_UNKNOWN_NAME')
}

function checkArchitectures(name: string, { config }: RuleContext): readonly Problem[] {
  const architectures = config.packages?.[name]?.architectures
  if (architectures === undefined) {
    const hint =
      'Say which machines it is for: architectures: [amd64, arm64], or [all] when nothing in it depends on them.'
    return [
      problem(['packages', name, 'architectures'], 'CONFIG_MISSING', '"architectures" is missing.', hint),
    ]
  }
  if (!architectures.includes('all') || architectures.length === 1) return []
  const hint = 'A package for all machines has no second one. Keep "all", or name the machines.'
  return [
    problem(['packages', name, 'architectures'], 'PACKAGE_ARCHITECTURE', '"all" stands beside others.', hint),
  ]
}

/** The key of an override is a format, an architecture, or a distribution that a repository serves. */
function checkOverrides(name: string, { config, kinds }: RuleContext): readonly Problem[] {
  const distributions = repositoryViews(config, kinds).flatMap(({ distribution }) => distribution ?? [])
  const known = [...kinds.packageFormats, ...kinds.architectures, ...distributions]
  return Object.keys(config.packages?.[name]?.overrides ?? {}).flatMap((key) => {
    if (known.includes(key)) return []
    const canonical = kinds.canonicalArchitecture(key)
    const hint =
      canonical === undefined
        ? `${nameHint(key, known, 'formats, architectures and distributions')}\nA distribution is known when a repository of this file has "distribution: ${key}".`
        : `Write "${canonical}".`
    const message = `"${key}" is no format, architecture or distribution of this file.`
    return [
      {
        ...problem(['packages', name, 'overrides', key], 'PACKAGE_OVERRIDE', message, hint),
        at: 'key' as const,
      },
    ]
  })
}
