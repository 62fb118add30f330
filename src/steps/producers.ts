import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { Forge } from '../forge/forge.ts'
import type { CommitStatus } from '../forge/forge-parts.ts'
import type { StepContext } from '../pipeline/step.ts'
import { neededPart, short } from './forge-part.ts'
import { releaseCommit } from './release-commit.ts'

/** Who makes what is waited for, as commit statuses or check runs say it. */
export const producerOptions = {
  /** Names of statuses of the commit; one that fails ends the wait at once. */
  producers: z.array(z.string()).default([]),
  commitFrom: z.string().optional(),
}

export interface ProducerOptions {
  readonly producers: readonly string[]
  readonly commitFrom?: string | undefined
}

/** A word on each producer, for people. Throws when one failed: what it was to make will never come. */
export async function lookAtProducers(
  { producers, commitFrom }: ProducerOptions,
  forge: Forge,
  context: StepContext,
  step: string,
): Promise<readonly string[]> {
  if (producers.length === 0) return []
  const commit = releaseCommit(commitFrom, context)
  const statuses = await neededPart(forge, 'statuses', step).ofCommit(commit)
  const current = statuses.filter(({ reportedAt }) => isOfRun(reportedAt, context))
  return producers.map((name) => {
    const status = current.find(({ context: own }) => own === name)
    if (status?.state === 'failure' || status?.state === 'error') throw failed(status, commit)
    return status === undefined ? `${name}: no status yet` : `${name}: ${status.state}`
  })
}

/** What was reported before the run began is about an earlier attempt. Forges count whole seconds. */
function isOfRun(reportedAt: Date, { runStartedAt }: StepContext): boolean {
  if (runStartedAt === undefined) return true
  return reportedAt.getTime() >= Math.floor(runStartedAt.getTime() / 1000) * 1000
}

function failed({ context, state, description, url }: CommitStatus, commit: string): UserError {
  const said = description === '' ? '' : `: ${description}`
  const where = url === undefined ? '' : ` See ${url}`
  return new UserError(
    'PRODUCER_FAILED',
    `"${context}" reports ${state} for ${short(commit)}${said}.${where}`,
    {
      hint: 'What it was to make will not come. Repair that build, then release again.',
    },
  )
}
