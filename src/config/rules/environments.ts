import type { Path, Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import { quote } from '../quote.ts'
import type { WrittenConfig } from '../schema/config-schema.ts'
import { listText } from '../schema/inspect.ts'
import { keysAt } from '../written.ts'
import { isBranchPattern } from './git-names.ts'
import { namesIn, problem, type Rule, type RuleContext } from './rule.ts'

type Environments = NonNullable<WrittenConfig['environments']>
type Environment = Environments[string]

/** Every repository is in one environment, environments take from others without a circle, branches are names of branches. */
export const environments: Rule = (context) => {
  const { environments: written } = context.config
  if (written === undefined) return []
  return [
    ...Object.entries(written).flatMap(([name, one]) => [
      ...repositoriesOf(name, one, context),
      ...branchesOf(name, one),
      ...originOf(name, one, context),
    ]),
    ...shared(written),
    ...outside(written, context),
    ...circles(written),
    ...consumersOf(written, context),
    ...imagesOf(written, context),
  ]
}

const at = (name: string, ...rest: Path): Path => ['environments', name, ...rest]

function repositoriesOf(
  name: string,
  { repositories = [] }: Environment,
  context: RuleContext,
): readonly Problem[] {
  const known = namesIn(context, 'repositories')
  return repositories.flatMap((one, index) => {
    const path = at(name, 'repositories', index)
    if (!known.includes(one)) {
      const hint = nameHint(one, known, 'repositories')
      return [problem(path, 'CONFIG_UNKNOWN_NAME', `There is no repository "${one}".`, hint)]
    }
    if (repositories.indexOf(one) === index) return []
    return [problem(path, 'CONFIG_REPEATED', `"${one}" is named twice.`, 'Keep one of them.')]
  })
}

function branchesOf(name: string, { branches = [] }: Environment): readonly Problem[] {
  return branches.flatMap((branch, index) => {
    if (isBranchPattern(branch)) return []
    const hint = 'Write the branch as git shows it, such as main, or a glob such as release-*.'
    const message = `${quote(branch)} is not the name of a branch.`
    return [problem(at(name, 'branches', index), 'ENVIRONMENT_BRANCH', message, hint)]
  })
}

function originOf(name: string, { from }: Environment, context: RuleContext): readonly Problem[] {
  const known = keysAt(context.root, ['environments'])
  if (from === undefined || known.includes(from)) return []
  const others = known.filter((one) => one !== name)
  const message = `There is no environment "${from}".`
  return [problem(at(name, 'from'), 'CONFIG_UNKNOWN_NAME', message, nameHint(from, others, 'environments'))]
}

/** A repository in two environments would be published twice, and promoted into itself. */
function shared(written: Environments): readonly Problem[] {
  const owners = new Map<string, string>()
  const problems: Problem[] = []
  for (const [name, { repositories = [] }] of Object.entries(written)) {
    for (const [index, one] of repositories.entries()) {
      const owner = owners.get(one) ?? name
      owners.set(one, owner)
      if (owner === name) continue
      const message = `"${one}" is in the environment "${owner}" already.`
      const hint = 'A repository belongs to one environment. Declare a second repository for this one.'
      problems.push(problem(at(name, 'repositories', index), 'ENVIRONMENT_SHARED', message, hint))
    }
  }
  return problems
}

/** With environments it must be plain when each repository is published. */
function outside(written: Environments, context: RuleContext): readonly Problem[] {
  const inside = new Set(Object.values(written).flatMap(({ repositories = [] }) => repositories))
  return namesIn(context, 'repositories').flatMap((name) => {
    if (inside.has(name)) return []
    const message = `The repository "${name}" is in no environment.`
    const hint = `Add it to the repositories of ${listText(Object.keys(written), 'or')}.`
    return [{ ...problem(['repositories', name], 'ENVIRONMENT_NONE', message, hint), at: 'key' as const }]
  })
}

/** With environments it must be plain whose packages a consumer uses. */
function consumersOf(written: Environments, { config }: RuleContext): readonly Problem[] {
  return Object.entries(config.consumers ?? {}).flatMap(([name, consumer]) => {
    if (consumer.environments !== undefined) return []
    const hint = `Name those whose packages it uses, such as environments: [${Object.keys(written).join(', ')}].`
    const message = `The consumer "${name}" names no environment.`
    return [{ ...problem(['consumers', name], 'ENVIRONMENT_CONSUMER', message, hint), at: 'key' as const }]
  })
}

/** What is promoted is never built again, so that nothing can be made of it but a copy. */
function imagesOf(written: Environments, { config }: RuleContext): readonly Problem[] {
  if (Object.values(written).every(({ from }) => from === undefined)) return []
  return Object.entries(config.images ?? {}).flatMap(([name, { layers = [] }]) =>
    layers.flatMap(({ packages = [] }, index) => {
      if (packages.length === 0) return []
      const message =
        'The layer holds packages of this file, which are promoted and not built where they are released.'
      const hint = 'Build the image in a project of its own, from the repository that it was promoted to.'
      return [problem(['images', name, 'layers', index, 'packages'], 'ENVIRONMENT_IMAGE', message, hint)]
    }),
  )
}

function circles(written: Environments): readonly Problem[] {
  const reported = new Set<string>()
  return Object.keys(written).flatMap((name) => {
    const trail = [name]
    for (let from = written[name]?.from; from !== undefined; from = written[from]?.from) {
      trail.push(from)
      if (from === name) break
      // A circle that this one only leads to is reported at its own members.
      if (trail.indexOf(from) < trail.length - 1) return []
    }
    if (trail.length === 1 || trail.at(-1) !== name || reported.has(name)) return []
    for (const one of trail) reported.add(one)
    const message = `The environments wait for each other: ${trail.join(' takes from ')}.`
    const hint = 'Remove "from" where packages are published first.'
    return [problem(at(name, 'from'), 'ENVIRONMENT_CIRCLE', message, hint)]
  })
}
