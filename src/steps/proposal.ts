import { z } from 'zod'
import type { StepContext } from '../pipeline/step.ts'

/** The result of every step that proposes a change. */
const proposalResult = z.object({
  base: z.string(),
  /** Undefined when there was nothing to change. */
  pullRequest: z.number().optional(),
  url: z.string().optional(),
  /** Who is to approve it. */
  owners: z.array(z.string()),
  /** The commit that has the change; undefined before it is merged. */
  commit: z.string().optional(),
  /** What tests are about: the head of the pull request while it is open, then the commit that has the change. */
  headCommit: z.string().optional(),
})
export type Proposal = {
  readonly base: string
  readonly pullRequest?: number
  readonly url?: string
  readonly owners: readonly string[]
  readonly commit?: string
  readonly headCommit?: string
}

/** What a step proposed; undefined when it was skipped. */
export function proposalOf({ results }: Pick<StepContext, 'results'>, stepId: string): Proposal | undefined {
  const result = results[stepId]
  if (result === undefined) return undefined
  const { base, pullRequest, url, owners, commit, headCommit } = proposalResult.parse(result)
  return {
    base,
    owners,
    ...(pullRequest !== undefined && { pullRequest }),
    ...(url !== undefined && { url }),
    ...(commit !== undefined && { commit }),
    ...(headCommit !== undefined && { headCommit }),
  }
}
