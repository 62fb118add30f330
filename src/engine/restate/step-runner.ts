import type { StepOutcome, StepTask } from '../../pipeline/engine.ts'
import type { Executions } from './executions.ts'
import type { ExecuteMessage, SettledMessage } from './messages.ts'

/** What a step is executed with; nothing when the run has gone on without it. */
export type TaskReader = (message: ExecuteMessage) => Promise<StepTask | undefined>

/** Sends an outcome to its release; durable when it returns. False when the server refuses what is in it. */
export type Reporter = (release: string, message: SettledMessage) => Promise<boolean>

export interface StepRunner {
  /** Executes a step that the run just came to, without waiting until its message has come through the log. */
  begin(message: ExecuteMessage, task: StepTask): void
  /** Executes the step, unless it has been, and returns when its outcome is with the release. Rejects when it was stopped. */
  finish(message: ExecuteMessage, attempt: AbortSignal): Promise<void>
  /** Whether an outcome comes from this process: nothing that follows from it can have been begun by another one. */
  isOurs(execution: ExecutionName): boolean
}

export type ExecutionName = Pick<ExecuteMessage, 'runId' | 'node' | 'turn'>

interface Begun extends ExecutionName {
  readonly control: AbortController
  readonly reported: Promise<void>
}

/**
 * Executes each turn of a step once in the life of this process, and reports what came out. An outcome that is with the
 * release is never found out again: whoever does not know of an execution asks the release, behind all outcomes that it
 * has been told.
 */
export function stepRunner(executions: Executions, tasks: TaskReader, report: Reporter): StepRunner {
  // The newest turn of each step is enough to tell.
  const begun = new Map<string, Begun>()
  const nameOf = ({ runId, node }: ExecutionName): string => `${runId} ${node}`

  function known(execution: ExecutionName): Begun | undefined {
    const newest = begun.get(nameOf(execution))
    return newest?.turn === execution.turn ? newest : undefined
  }

  function start({ release, runId, node, turn }: ExecuteMessage, task: StepTask): Begun {
    const control = new AbortController()
    const reported = executeAndReport(release, { runId, node, turn }, task, control.signal)
    const execution = { runId, node, turn, control, reported }
    begun.set(nameOf(execution), execution)
    reported.catch(() => {
      // Whoever finishes the step hears of it, and executes it again.
      if (known(execution) === execution) begun.delete(nameOf(execution))
    })
    return execution
  }

  async function executeAndReport(
    release: string,
    { runId, node, turn }: ExecutionName,
    task: StepTask,
    signal: AbortSignal,
  ): Promise<void> {
    const outcome = await executions.run(task, signal)
    // A zombie must not report.
    if (outcome === undefined) throw new Error('The attempt is over')
    const at = new Date().toISOString()
    const message = (told: StepOutcome): SettledMessage => ({
      runId,
      event: { type: 'settled', node, turn, outcome: told },
      at,
    })
    if (await report(release, message(outcome))) return
    await report(release, message(unrecordable))
  }

  return {
    begin(message, task) {
      if (known(message) === undefined) start(message, task)
    },
    async finish(message, attempt) {
      let execution = known(message)
      if (execution === undefined) {
        const task = await tasks(message)
        // Nobody waits for it any more.
        if (task === undefined) return
        attempt.throwIfAborted()
        execution = known(message) ?? start(message, task)
      }
      const { control, reported } = execution
      const stop = (): void => control.abort(new Error('The attempt is over'))
      if (attempt.aborted) stop()
      else attempt.addEventListener('abort', stop, { once: true })
      try {
        await reported
      } finally {
        attempt.removeEventListener('abort', stop)
      }
    },
    isOurs: (execution) => known(execution) !== undefined,
  }
}

/** The server refused the outcome, for example because it is larger than a message may be. */
const unrecordable: StepOutcome = {
  status: 'failed',
  failure: {
    class: 'bug',
    code: 'ENGINE_RECORD',
    message: 'The engine could not record the result of the step.',
  },
}
