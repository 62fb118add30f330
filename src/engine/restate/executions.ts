import type { StepExecutor, StepOutcome, StepTask } from '../../pipeline/engine.ts'
import { failureOf } from '../../pipeline/execute.ts'

export interface Executions {
  /** Executes a step; rejects when the attempt that asked for it is over or was stopped. */
  run(task: StepTask, attempt: AbortSignal): Promise<StepOutcome>
  /** Aborts what runs of this step, and waits until it is over. */
  stop(task: StepTask): Promise<void>
  stopAll(): Promise<void>
}

interface Execution {
  readonly control: AbortController
  readonly over: Promise<unknown>
}

/** A step that ignores its signal is given up after this time. */
const graceMs = 10_000

/**
 * The steps that this process executes. When the server forgets an attempt (it was killed), the closure of that attempt
 * is still alive when the next attempt begins: it is aborted, and the next one waits for its end.
 */
export function stepExecutions(execute: StepExecutor): Executions {
  const executions = new Map<string, Execution>()
  const nameOf = (task: StepTask): string => `${task.runId} ${task.node.id}`

  async function stop(name: string): Promise<void> {
    const execution = executions.get(name)
    if (execution === undefined) return
    execution.control.abort(new Error('The engine stopped the step'))
    await within(graceMs, execution.over)
    if (executions.get(name) === execution) executions.delete(name)
  }

  return {
    async run(task, attempt) {
      const name = nameOf(task)
      while (executions.has(name)) await stop(name)
      const control = new AbortController()
      const signal = AbortSignal.any([control.signal, attempt])
      const working = outcomeOf(task, signal, execute)
      const over = working.catch(() => undefined)
      const execution = { control, over }
      executions.set(name, execution)
      try {
        return await working
      } finally {
        if (executions.get(name) === execution) executions.delete(name)
      }
    },
    stop: (task) => stop(nameOf(task)),
    async stopAll() {
      await Promise.all([...executions.keys()].map(stop))
    },
  }
}

async function outcomeOf(task: StepTask, signal: AbortSignal, execute: StepExecutor): Promise<StepOutcome> {
  signal.throwIfAborted()
  let outcome: StepOutcome
  try {
    outcome = await execute(task, signal)
  } catch (error) {
    // Executors throw only when they are aborted; whatever else comes is a bug that people should see.
    outcome = { status: 'failed', failure: failureOf(error) }
  }
  signal.throwIfAborted()
  return outcome
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const limit = Promise.withResolvers<void>()
  const timer = setTimeout(limit.resolve, limitMs)
  await Promise.race([work, limit.promise])
  clearTimeout(timer)
}
