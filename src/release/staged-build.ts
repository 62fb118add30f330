import type { Config, EnvironmentConfig } from '../config/config.ts'
import { listText } from '../config/schema/inspect.ts'
import { UserError } from '../errors.ts'
import type { BuildsInRepository } from './builds-in-repository.ts'
import { reaches } from './environments.ts'
import type { NextBuild } from './next-build.ts'

/** Environments whose packages a release from this branch takes over; undefined where it builds its own. */
export function takenFrom(
  config: Config,
  branch: string | undefined,
): readonly EnvironmentConfig[] | undefined {
  const reached = Object.values(config.environments).filter(
    (one) => branch !== undefined && reaches(one, branch),
  )
  if (reached.length === 0 || reached.some(({ from }) => from === undefined)) return undefined
  return reached.flatMap(({ from = '' }) => config.environments[from] ?? [])
}

/** What is promoted was built before: the newest build that is listed where it is taken from. */
export function stagedBuild(
  upstream: string,
  from: readonly EnvironmentConfig[],
  repositories: readonly BuildsInRepository[],
): NextBuild {
  const names = from.flatMap((one) => one.repositories)
  const listed = repositories
    .flatMap((one) => one.listed)
    .filter(({ repository }) => names.includes(repository))
  const build = listed.reduce((most, one) => Math.max(most, one.build ?? 0), 0)
  const where = listText(
    from.map(({ name }) => name),
    'and',
  )
  if (build > 0) return { build, isOfThisCommit: true, because: `it is the newest build in ${where}` }
  const branches = listText([...new Set(from.flatMap((one) => one.branches ?? []))], 'and')
  throw new UserError(
    'NEXT_NOT_STAGED',
    `There is no build of ${upstream} in ${where}, where this branch takes its packages from.`,
    { hint: `Release it to ${where} first${branches === '' ? '' : `, from ${branches}`}.` },
  )
}
