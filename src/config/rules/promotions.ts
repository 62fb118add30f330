import type { Path, Problem } from '../finding.ts'
import { isPair } from '../promotion-pairs.ts'
import { optionsIn, providerIn } from '../provider-in.ts'
import type { WrittenConfig } from '../schema/config-schema.ts'
import { listText } from '../schema/inspect.ts'
import { type RepositoryView, repositoryViews } from '../variants.ts'
import { problem, type Rule, type RuleContext } from './rule.ts'

type Environments = NonNullable<WrittenConfig['environments']>

/** Each repository that is promoted to has one that it takes from, in another place. */
export const promotions: Rule = (context) => {
  const { environments: written } = context.config
  return written === undefined
    ? []
    : [...pairs(written, context), ...places(written, context), ...signatures(written, context)]
}

/** A package keeps the signature that it was built with; clients of the repository have to know its key. */
function signatures(written: Environments, { config, kinds }: RuleContext): readonly Problem[] {
  const views = new Map(repositoryViews(config, kinds).map((view) => [view.name, view]))
  return Object.entries(written).flatMap(([name, { from, repositories = [] }]) =>
    repositories.flatMap((one, index) => {
      const view = views.get(one)
      const { keys = [], acceptedKeys = [] } = config.repositories?.[one] ?? {}
      if (from === undefined || view === undefined || acceptedKeys.length > 0) return []
      if (!kinds.signedFormats.includes(view.packageFormat)) return []
      const foreign = signersIn(view, config).find((key) => !keys.includes(key))
      if (foreign === undefined) return []
      const message = `"${one}" gets packages that are signed with "${foreign}", which is none of its keys.`
      const hint = `Its clients would refuse them. Sign them with one of its keys, or let clients have "${foreign}": name its public key in repositories.${one}.acceptedKeys.`
      return [problem(at(name, index), 'ENVIRONMENT_SIGNATURE', message, hint)]
    }),
  )
}

function signersIn({ packageFormat, packages }: RepositoryView, { packages: declared = {} }: WrittenConfig) {
  return (packages ?? Object.keys(declared)).flatMap((name) => {
    const { sign, overrides = {} } = declared[name] ?? {}
    return overrides[packageFormat]?.sign ?? sign ?? []
  })
}

const at = (name: string, index: number): Path => ['environments', name, 'repositories', index]

/** A promotion is one to one: by package format, and by distribution where there are several of a format. */
function pairs(written: Environments, { config, kinds }: RuleContext): readonly Problem[] {
  const views = new Map(repositoryViews(config, kinds).map((view) => [view.name, view]))
  const viewsOf = (name: string) =>
    (written[name]?.repositories ?? []).flatMap((one, index) => ({ view: views.get(one), index }))
  return Object.entries(written).flatMap(([name, { from }]) => {
    if (from === undefined || from === name || written[from] === undefined) return []
    const sources = viewsOf(from).flatMap(({ view }) => view ?? [])
    const taken = new Map<string, string>()
    return viewsOf(name).flatMap(({ view, index }) => {
      const path = at(name, index)
      return view === undefined ? [] : pairProblems(view, from, sources, taken, path)
    })
  })
}

function pairProblems(
  view: RepositoryView,
  from: string,
  sources: readonly RepositoryView[],
  taken: Map<string, string>,
  path: Path,
): readonly Problem[] {
  const matching = sources.filter((one) => isPair(one, view))
  const what = kindText(view)
  if (matching.length !== 1) {
    const message = `"${from}" has ${matching.length === 0 ? 'no repository' : `${matching.length} repositories`} for ${what}, from which "${view.name}" could take packages.`
    const hint = 'Each repository has one of the same format and distribution where it takes from.'
    return [problem(path, 'ENVIRONMENT_PAIR', message, hint)]
  }
  const other = taken.get(matching[0]?.name ?? '')
  taken.set(matching[0]?.name ?? '', view.name)
  if (other !== undefined) {
    const message = `"${view.name}" and "${other}" would both take from "${matching[0]?.name}".`
    return [problem(path, 'ENVIRONMENT_PAIR', message, 'Give them different distributions, or remove one.')]
  }
  const missing = missingIn(matching[0], view)
  if (missing.length === 0) return []
  const message = `"${view.name}" holds ${listText(missing, 'and')}, which "${matching[0]?.name}" does not.`
  const hint = `Add them to repositories.${matching[0]?.name}.packages, or leave them out of repositories.${view.name}.packages.`
  return [problem(path, 'ENVIRONMENT_PACKAGES', message, hint)]
}

const kindText = ({ packageFormat, distribution }: RepositoryView): string =>
  distribution === undefined ? packageFormat : `${packageFormat} of ${distribution}`

function missingIn(source: RepositoryView | undefined, target: RepositoryView): readonly string[] {
  if (source?.packages === undefined) return []
  const held = source.packages
  if (target.packages === undefined) return ['all packages']
  return target.packages.filter((one) => !held.includes(one)).map((one) => `"${one}"`)
}

/** Two environments that are one place would make everything public that is only to be tested. */
function places(written: Environments, { config, kinds }: RuleContext): readonly Problem[] {
  const seen = new Map<string, string>()
  const problems: Problem[] = []
  for (const [name, { repositories = [] }] of Object.entries(written)) {
    for (const [index, one] of repositories.entries()) {
      const declared = config.repositories?.[one]
      if (declared === undefined) continue
      const format = providerIn(declared, kinds.repositories)
      if (format === undefined) continue
      const place = JSON.stringify([declared.storage, format.name, optionsIn(declared, format)])
      const other = seen.get(place) ?? one
      seen.set(place, other)
      if (other === one) continue
      const message = `"${one}" is the same place as "${other}": the storage and the options of the format are equal.`
      const hint = 'Give it a storage, a prefix or a suite of its own.'
      problems.push(problem(at(name, index), 'ENVIRONMENT_PLACE', message, hint))
    }
  }
  return problems
}
