import type { StepTask } from '../../pipeline/engine.ts'
import type { Run } from '../../pipeline/run.ts'
import { turnOf } from '../../pipeline/run-draft.ts'
import { stepTask } from '../../pipeline/step-task.ts'
import type { ExecuteMessage } from './messages.ts'
import type { RunRecord } from './run-hub.ts'
import { sharedRead } from './shared-read.ts'
import type { TaskReader } from './step-runner.ts'

/** `settled` reads the run after all outcomes that its release has been told. */
export function taskReader(settled: (release: string) => Promise<RunRecord | undefined>): TaskReader {
  const read = sharedRead(settled)
  return async (message) => {
    const run = (await read(message.release))?.run
    return run === undefined ? undefined : taskIn(run, message)
  }
}

function taskIn(run: Run, { runId, node, turn }: ExecuteMessage): StepTask | undefined {
  const state = run.nodes[node]
  if (run.id !== runId || state?.status !== 'running' || turnOf(state) !== turn) return undefined
  return stepTask(run, node)
}
