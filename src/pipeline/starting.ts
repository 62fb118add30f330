import { Refusal } from '../errors.ts'
import type { Plan } from './plan.ts'
import { comparePlans, planDigest } from './plan-digest.ts'
import { attemptOf } from './release-key.ts'
import type { Run } from './run.ts'
import type { Transition } from './run-event.ts'
import { startRun } from './transitions.ts'

/**
 * Starts a run of the plan beside the newest run of the release: an active run of the same plan is that run, an active
 * run of another plan refuses, and after one that has ended a new attempt begins.
 */
export function startBeside(newest: Run | undefined, plan: Plan, now: Date): Transition {
  if (newest === undefined) return startRun(plan, 1, now)
  if (newest.endedAt !== undefined)
    return startRun(plan, attemptOf(newest) + 1, now, approvalsOf(newest, plan))
  if (newest.planDigest === planDigest(plan)) return { run: newest, commands: [] }
  throw new Refusal('RUN_ACTIVE', `The run ${newest.id} of another plan is ${newest.status}.`, {
    hint: 'Resume it (hawser resume), or cancel it (hawser cancel) before you release another plan.',
  })
}

/**
 * Approvals of a run that failed count for the next attempt at the same plan; each lapses when its gate opens before
 * other artifacts. Whoever cancelled or rejected a run has taken them back.
 */
function approvalsOf({ status, nodes, plan: before }: Run, plan: Plan): Run['early'] {
  if (status !== 'failed' || comparePlans(before, plan).length > 0) return {}
  return Object.fromEntries(
    Object.entries(nodes).flatMap(([id, state]) => {
      const decision = state.status === 'done' ? state.decision : undefined
      // One about the plan alone says nothing of what is built the next time.
      return decision?.artifacts === undefined ? [] : [[id, decision]]
    }),
  )
}
