import type { Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import type { WrittenPackage } from '../schema/package-schema.ts'
import { formatsOf, repositoryViews } from '../variants.ts'
import { namesIn, problem, type Rule, type RuleContext } from './rule.ts'

/** A keyring package has keys in each of its formats, and knows what its source files must say. */
export const keyring: Rule = (context) =>
  Object.entries(context.config.packages ?? {}).flatMap(([name, one]) =>
    one.keyring === undefined
      ? []
      : [
          ...unknownRepositories(name, one, context),
          ...emptyFormats(name, one, context),
          ...missingUrls(name, one, context),
          ...otherArchitectures(name, one),
        ],
  )

function unknownRepositories(
  name: string,
  { keyring: { repositories = [] } = {} }: WrittenPackage,
  context: RuleContext,
): readonly Problem[] {
  const known = namesIn(context, 'repositories')
  return repositories.flatMap((one, index) => {
    if (known.includes(one)) return []
    const path = ['packages', name, 'keyring', 'repositories', index]
    const message = `There is no repository "${one}".`
    return [problem(path, 'CONFIG_UNKNOWN_NAME', message, nameHint(one, known, 'repositories'))]
  })
}

function emptyFormats(
  name: string,
  { keyring: { repositories = [] } = {}, formats }: WrittenPackage,
  { config, kinds }: RuleContext,
): readonly Problem[] {
  const held = repositoryViews(config, kinds)
    .filter((view) => repositories.includes(view.name))
    .map(({ packageFormat }) => packageFormat)
  // What is wrong with the names has been said.
  if (formats === undefined || held.length === 0) return []
  return formatsOf(name, config, kinds).flatMap((format) => {
    if (held.includes(format)) return []
    const message = `As ${format} it would hold no key: none of its repositories holds ${format} packages.`
    const hint = `Take ${format} out of "formats", or name such a repository in "keyring".`
    return [problem(['packages', name, 'formats'], 'KEYRING_FORMAT', message, hint)]
  })
}

function missingUrls(
  name: string,
  { keyring: { repositories = [], sources = false } = {} }: WrittenPackage,
  { config }: RuleContext,
): readonly Problem[] {
  if (!sources) return []
  return repositories.flatMap((one) => {
    const repository = config.repositories?.[one]
    if (repository === undefined || repository.url !== undefined) return []
    const message = `The repository "${one}" has no "url", which its source file must name.`
    const hint = `Add repositories.${one}.url, or leave "sources" out.`
    return [problem(['packages', name, 'keyring', 'sources'], 'KEYRING_URL', message, hint)]
  })
}

function otherArchitectures(name: string, { architectures = [] }: WrittenPackage): readonly Problem[] {
  if (architectures.every((architecture) => architecture === 'all')) return []
  const hint = 'Leave "architectures" out, or write [all].'
  const message = 'Keys do not depend on the machine.'
  return [problem(['packages', name, 'architectures'], 'KEYRING_ARCHITECTURE', message, hint)]
}
