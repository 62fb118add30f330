import { Refusal } from '../errors.ts'
import type { Plan } from './plan.ts'
import { planDigest } from './plan-digest.ts'
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
  if (newest.endedAt !== undefined) return startRun(plan, attemptOf(newest) + 1, now)
  if (newest.planDigest === planDigest(plan)) return { run: newest, commands: [] }
  throw new Refusal('RUN_ACTIVE', `The run ${newest.id} of another plan is ${newest.status}.`, {
    hint: 'Resume it (hawser resume), or cancel it (hawser cancel) before you release another plan.',
  })
}
