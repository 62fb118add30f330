import type { StepExecutor, StepOutcome, StepTask } from '../../pipeline/engine.ts'
import { executeWithinLimit } from '../../pipeline/execution-limit.ts'

export interface Executions {
  /** Executes a step. Nothing comes back when the attempt that asked for it is over, or the step was stopped. */
  run(task: StepTask, attempt: AbortSignal): Promise<StepOutcome | undefined>
  /** Aborts what runs of this step, and waits until it is over. */
  stop(step: { readonly runId: string; readonly node: string }): Promise<void>
  stopAll(): Promise<void>
}

interface Execution {
  readonly control: AbortController
  readonly over: Promise<unknown>
}

/**
 * The steps that this process executes. When the server forgets an attempt (it was killed), the closure of that attempt
 * is still alive when the next attempt begins: it is aborted, and the next one waits for its end.
 */
export function stepExecutions(execute: StepExecutor): Executions {
  const executions = new Map<string, Execution>()
  const nameOf = (runId: string, node: string): string => `${runId} ${node}`

  async function stop(name: string): Promise<void> {
    const execution = executions.get(name)
    if (execution === undefined) return
    execution.control.abort(new Error('The engine stopped the step'))
    await execution.over
    if (executions.get(name) === execution) executions.delete(name)
  }

  return {
    async run(task, attempt) {
      const name = nameOf(task.runId, task.node.id)
      while (executions.has(name)) await stop(name)
      const control = new AbortController()
      const signal = AbortSignal.any([control.signal, attempt])
      const working = executeWithinLimit(execute, task, signal)
      const execution = { control, over: working }
      executions.set(name, execution)
      try {
        return await working
      } finally {
        if (executions.get(name) === execution) executions.delete(name)
      }
    },
    stop: ({ runId, node }) => stop(nameOf(runId, node)),
    async stopAll() {
      await Promise.all([...executions.keys()].map(stop))
    },
  }
}
