import { UserError } from '../errors.ts'
import type { ReleaseKey } from './engine.ts'
import type { Plan } from './plan.ts'
import type { Run } from './run.ts'

/** How a release is called wherever one text names it. */
export const releaseName = ({ project, version }: ReleaseKey): string => `${project}/${version}`

export const releaseOf = ({ run: { project, version } }: Plan): ReleaseKey => ({ project, version })

/** The number behind `#` in a run's id. */
export const attemptOf = ({ id }: Run): number => Number(id.slice(id.lastIndexOf('#') + 1))

export function runUnknown(key: ReleaseKey): UserError {
  return new UserError('RUN_UNKNOWN', `There is no run of ${releaseName(key)}.`, {
    hint: 'Start one with hawser release.',
  })
}
