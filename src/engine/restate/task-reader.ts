import type { StepTask } from '../../pipeline/engine.ts'
import type { Run } from '../../pipeline/run.ts'
import { turnOf } from '../../pipeline/run-draft.ts'
import { stepTask } from '../../pipeline/step-task.ts'
import type { ExecuteMessage } from './messages.ts'
import type { RunHub, RunRecord } from './run-hub.ts'
import type { TaskReader } from './step-service.ts'

/** From what this process heard of the run, else (after a restart) from what is committed. */
export function taskReader(
  hub: RunHub,
  read: (release: string) => Promise<RunRecord | undefined>,
): TaskReader {
  return async (message) => {
    const heard = hub.latest(message.release)?.run
    const task = heard === undefined ? undefined : taskIn(heard, message)
    if (task !== undefined) return task
    const committed = (await read(message.release))?.run
    return committed === undefined ? undefined : taskIn(committed, message)
  }
}

function taskIn(run: Run, { runId, node, turn }: ExecuteMessage): StepTask | undefined {
  const state = run.nodes[node]
  if (run.id !== runId || state?.status !== 'running' || turnOf(state) !== turn) return undefined
  return stepTask(run, node)
}
