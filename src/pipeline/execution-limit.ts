import type { StepExecutor, StepOutcome, StepTask } from './engine.ts'
import { failureOf } from './execute.ts'
import type { PlannedNode, StepNode } from './plan.ts'
import type { Failure } from './run.ts'

/** A step that ignores its signal is given up after this time. */
const graceMs = 10_000

/**
 * Executes a step within its limit; engines call this, not the executor. Returns when the step is really over, whether
 * it ended, was aborted at its limit, or was aborted by `signal`: then nothing is returned.
 */
export async function executeWithinLimit(
  execute: StepExecutor,
  task: StepTask,
  signal: AbortSignal,
): Promise<StepOutcome | undefined> {
  const limit = new AbortController()
  const stop = AbortSignal.any([signal, limit.signal])
  const timer = setTimeout(() => limit.abort(new Error('The limit of the step has passed')), timerMs(task))
  try {
    const outcome = await overOrGivenUp(outcomeOf(execute, task, stop), stop)
    if (signal.aborted) return undefined
    if (limit.signal.aborted) return { status: 'failed', failure: limitPassed(task.node) }
    return outcome
  } finally {
    clearTimeout(timer)
  }
}

/** Node fires a timer of more than 31 bits at once. */
const timerMs = ({ node }: StepTask): number => Math.min(node.limitMs, 2 ** 31 - 1)

async function outcomeOf(
  execute: StepExecutor,
  task: StepTask,
  stop: AbortSignal,
): Promise<StepOutcome | undefined> {
  if (stop.aborted) return undefined
  try {
    return await execute(task, stop)
  } catch (error) {
    // Executors throw only when they are aborted; whatever else comes is a bug that people should see.
    return stop.aborted ? undefined : { status: 'failed', failure: failureOf(error) }
  }
}

async function overOrGivenUp<T>(work: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  const givenUp = Promise.withResolvers<undefined>()
  let timer: NodeJS.Timeout | undefined
  const startGrace = (): void => {
    timer = setTimeout(givenUp.resolve, graceMs, undefined)
  }
  if (stop.aborted) startGrace()
  else stop.addEventListener('abort', startGrace, { once: true })
  try {
    return await Promise.race([work, givenUp.promise])
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', startGrace)
  }
}

/** `note`: what the step last waited for. */
export function limitPassed(node: StepNode | PlannedNode, note?: string): Failure {
  const last = note === undefined ? '' : ` Last: ${note}`
  const message = `The step "${node.id}" did not finish within its limit of ${node.limitMs / 1000} s.${last}`
  return {
    class: 'timeout',
    code: 'STEP_TIMEOUT',
    message,
    hint: 'Raise the limit of the step, or retry the run.',
  }
}
