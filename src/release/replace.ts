import { Refusal, UserError } from '../errors.ts'
import { jsonObject } from '../lib/json-copy.ts'
import type { Plan, PlannedNode } from '../pipeline/plan.ts'
import type { Run } from '../pipeline/run.ts'
import { removeRelease } from '../steps/remove-release/remove-release.ts'
import { deciderOf } from './decider.ts'
import { declare, planRelease, type ReleaseRequest } from './prepare.ts'
import { blockerOf, listRuns, type RunRequest } from './run-release.ts'
import { makePlan } from './session.ts'

export interface ReplaceRequest extends ReleaseRequest {
  readonly reason: string | undefined
  readonly forcePublished: boolean
}

/** A run that only makes room; its end is not the end of a release. */
export const isRemoval = ({ plan }: Pick<Run, 'plan'>): boolean => plan.nodes.some(isRemovalNode)

const isRemovalNode = (node: PlannedNode): boolean => 'step' in node && node.step === removeRelease.name

/**
 * The plan that makes room for a release of the version: nothing to do, a draft or tag to remove, or a refusal. Nothing
 * is planned while a run of the version is active, or when the new release could not be made anyway.
 */
export async function planRemoval(asked: ReplaceRequest): Promise<Plan> {
  if (asked.forcePublished && asked.reason === undefined) throw noReason()
  const { project, signal } = asked
  const { config, run } = await declare(asked)
  await refuseBlocked(asked)
  const options = {
    forge: config.forge,
    tag: config.release.tag,
    forcePublished: asked.forcePublished,
    by: await deciderOf(project, signal),
    reason: asked.reason ?? '',
  }
  const node = {
    id: 'remove',
    step: removeRelease.name,
    options: jsonObject(options),
    needs: [],
    limitMs: 3_600_000,
    retry: { attemptsMax: 5, firstDelayMs: 1000, delayMaxMs: 60_000 },
  }
  return makePlan({ project, config, run, pipeline: { nodes: [node], parallelMax: 1 }, signal })
}

/** What is on the forge is in the way, and goes; anything else in the way must be told before it has gone. */
async function refuseBlocked(asked: ReplaceRequest): Promise<void> {
  const made = await planRelease(asked)
  const others = made.nodes.filter((node) => !('step' in node && 'forge' in node.options))
  const blocker = blockerOf({ ...made, nodes: others })
  if (blocker !== undefined) throw blocker
}

/** The removal that was interrupted, if there is one. An active release is refused: somebody may be waiting for it. */
export async function interruptedRemoval(version: string, request: RunRequest): Promise<Run | undefined> {
  const runs = await listRuns(request)
  const active = runs.find(({ plan, endedAt }) => plan.run.version === version && endedAt === undefined)
  if (active === undefined || isRemoval(active)) return active
  throw new Refusal('RUN_ACTIVE', `The run ${active.id} has not ended: it is ${active.status}.`, {
    hint: `End it first: hawser cancel ${version} --reason TEXT.`,
  })
}

const noReason = (): UserError =>
  new UserError('REASON_MISSING', 'Replacing a published release needs a reason.', {
    hint: 'Write why, for those who have the old one: --force-published --reason TEXT.',
  })
