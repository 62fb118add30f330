import { packageDefaults } from '../defaults.ts'
import type { Path, Problem } from '../finding.ts'
import type { RepositoryKind } from '../kinds.ts'
import { mergeVariant } from '../merge-variant.ts'
import { optionsIn, providerIn } from '../provider-in.ts'
import type { Variant } from '../resolved-package.ts'
import { variantsOf } from '../variants.ts'
import type { Rule, RuleContext } from './rule.ts'

/** Clients that a repository names can read it, and install the packages that it gets. */
export const clients: Rule = (context) =>
  Object.entries(context.config.repositories ?? {}).flatMap(([name, repository]) => {
    const kind = providerIn(repository, context.kinds.repositories)
    if (kind === undefined) return []
    const options = optionsIn(repository, kind)
    const own = (kind.findings?.(options) ?? []).map((finding) => ({
      ...finding,
      path: ['repositories', name, kind.name, ...finding.path],
    }))
    return [...own, ...packageProblems(name, { kind, options }, context)]
  })

function packageProblems(
  repositoryName: string,
  { kind, options }: { readonly kind: RepositoryKind; readonly options: unknown },
  { config, kinds }: RuleContext,
): readonly Problem[] {
  const { packages, distribution } = config.repositories?.[repositoryName] ?? {}
  const format = kind.packageFormatOf(options)
  const found = new Map<string, Problem>()
  for (const name of Object.keys(config.packages ?? {})) {
    if (packages !== undefined && !packages.includes(name)) continue
    for (const variant of variantsOf(name, config, kinds)) {
      if (variant.format !== format || variant.distribution !== distribution) continue
      const { compression, path } = compressionOf(name, variant, config)
      const finding = kind.packageFinding?.(options, { compression })
      // One for each place in the file, however many variants come from it.
      if (finding !== undefined) {
        const message = `In the repository "${repositoryName}": ${finding.message}`
        found.set(path.join('/'), { ...finding, message, path })
      }
    }
  }
  return [...found.values()]
}

function compressionOf(name: string, variant: Variant, { packages }: RuleContext['config']) {
  const { fields, pathOf } = merged(name, variant, packages)
  const written = fields.compression ?? packageDefaults.compression
  const path: Path = pathOf(['compression'])
  return { compression: typeof written === 'string' ? written : written.kind, path }
}

function merged(name: string, variant: Variant, packages: RuleContext['config']['packages']) {
  const found = mergeVariant(name, packages?.[name] ?? {}, variant)
  return { fields: found.fields, pathOf: (path: Path) => found.pathOf(path) }
}
