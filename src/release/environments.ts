import type { Config, EnvironmentConfig } from '../config/config.ts'
import { listText } from '../config/schema/inspect.ts'
import { Refusal, UserError } from '../errors.ts'
import type { Skip } from '../pipeline/step.ts'

/** Which environments a run reaches, and what that means for the rest of its pipeline. */
export interface Selection {
  /** In an order in which each comes after the one that it takes from. */
  readonly environments: readonly EnvironmentConfig[]
  isReached(environment: EnvironmentConfig): boolean
  /** Why nothing of an environment is done; undefined: it is. */
  skipOf(environment: EnvironmentConfig): Skip | undefined
  /** Why nothing is built; undefined: it is. */
  readonly skipBuilds: Skip | undefined
  /** Why there is no release on the forge, with all that belongs to it; undefined: there is. */
  readonly skipRelease: Skip | undefined
}

/** The environments that a release from this branch reaches. */
export function selectEnvironments(config: Config, branch: string | undefined): Selection {
  const environments = inOrder(config)
  if (branch === undefined && environments.some(({ branches }) => branches !== undefined)) {
    throw noBranch()
  }
  const isReached = (one: EnvironmentConfig): boolean => reaches(one, branch ?? '')
  if (!environments.some(isReached)) throw unreached(branch ?? '', environments)
  return selectionOf(config, isReached, branch)
}

export const reaches = ({ branches }: EnvironmentConfig, branch: string): boolean =>
  branches === undefined || branches.some((pattern) => matches(pattern, branch))

/** As if there were no rules about branches. */
export const everyEnvironment = (config: Config): Selection => selectionOf(config, () => true, undefined)

function selectionOf(
  config: Config,
  isReached: Selection['isReached'],
  branch: string | undefined,
): Selection {
  const environments = inOrder(config)
  const reached = environments.filter(isReached)
  const by = branch === undefined ? '' : `branch ${branch}: `
  const skip = (reason: string): Skip => ({ reason: 'not selected', by: `${by}${reason}` })
  const last = environments.filter((one) => isLast(one, config))
  const promoted = reached.map(({ name, from }) => `${name} takes packages of ${from}`)
  return {
    environments,
    isReached,
    skipOf: (one) => (isReached(one) ? undefined : skip(ruleOf(one))),
    skipBuilds: reached.some(({ from }) => from === undefined) ? undefined : skip(listText(promoted, 'and')),
    skipRelease: last.some(isReached) ? undefined : skip(last.map(ruleOf).join('; ')),
  }
}

/** Nobody takes packages from it: what is in it, is released. */
export const isLast = ({ name }: EnvironmentConfig, { environments }: Config): boolean =>
  Object.values(environments).every(({ from }) => from !== name)

/** Rules are checked for circles, so that every one has its turn. */
function inOrder({ environments }: Config): readonly EnvironmentConfig[] {
  const ordered: EnvironmentConfig[] = []
  const add = (one: EnvironmentConfig): void => {
    if (ordered.includes(one)) return
    const from = one.from === undefined ? undefined : environments[one.from]
    if (from !== undefined) add(from)
    ordered.push(one)
  }
  Object.values(environments).forEach(add)
  return ordered
}

/** `*` is any part of a name, slashes among it. */
function matches(pattern: string, branch: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(branch)
}

const ruleOf = ({ name, branches = [] }: EnvironmentConfig): string =>
  `${name} is for ${listText(branches, 'and')}`

const noBranch = (): UserError =>
  new UserError(
    'BRANCH_UNKNOWN',
    'No branch is checked out, and environments of hawser.yaml are for branches.',
    {
      hint: 'Say which branch this release is of: --branch NAME.',
    },
  )

const unreached = (branch: string, environments: readonly EnvironmentConfig[]): Refusal =>
  new Refusal('ENVIRONMENT_UNREACHED', `The branch "${branch}" reaches no environment.`, {
    hint: `${environments.map(ruleOf).join('; ')}. Release from such a branch, or add this one in hawser.yaml.`,
  })
