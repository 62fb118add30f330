import { z } from 'zod'
import type { StepContext } from '../pipeline/step.ts'

const withCommit = z.object({ commit: z.string() })

/**
 * The commit that is tagged and released: the run's, or the one that a step of the run brought to the branch (a change
 * that had to be merged first). A step that was skipped brought none.
 */
export function releaseCommit(
  commitFrom: string | undefined,
  { run, results }: Pick<StepContext, 'run' | 'results'>,
): string {
  const result = commitFrom === undefined ? undefined : results[commitFrom]
  return result === undefined ? run.commit : withCommit.parse(result).commit
}

/** While a plan is made, the step that brings the commit may not have been looked at: what is elsewhere may be right. */
export const isCommitOpen = (
  commitFrom: string | undefined,
  { results, execution }: Pick<StepContext, 'results' | 'execution'>,
): boolean => commitFrom !== undefined && results[commitFrom] === undefined && execution === undefined
