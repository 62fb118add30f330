import * as restate from '@restatedev/restate-sdk'
import type { StepOutcome, StepTask } from '../../pipeline/engine.ts'
import type { RunEvent } from '../../pipeline/run-event.ts'
import type { Executions } from './executions.ts'
import { type ExecuteMessage, type SettledMessage, serviceNames } from './messages.ts'
import { send } from './send.ts'

/** What a step is executed with; nothing when the run has gone on without it. */
export type TaskReader = (message: ExecuteMessage) => Promise<StepTask | undefined>

/** One invocation per execution of a step. What it finds out is recorded before it is told, so it is told once. */
export function stepService(executions: Executions, tasks: TaskReader) {
  return restate.service({
    name: serviceNames.step,
    handlers: {
      execute: async (context: restate.Context, message: ExecuteMessage): Promise<void> => {
        const body = await settled(context, message, executions, tasks)
        send(context, { service: 'release', handler: 'settled', key: message.release, body })
      },
    },
    // Long enough for an abort to find the invocation that it is about.
    options: { idempotencyRetention: { hours: 1 } },
  })
}

async function settled(
  context: restate.Context,
  message: ExecuteMessage,
  executions: Executions,
  tasks: TaskReader,
): Promise<SettledMessage> {
  const { runId, node, turn } = message
  const { attemptCompletedSignal } = context.request()
  const cancelled = new AbortController()
  const signal = AbortSignal.any([attemptCompletedSignal, cancelled.signal])
  try {
    const { outcome, at } = await context.run(node, async () => {
      const task = await tasks(message)
      // Nobody waits for it any more.
      if (task === undefined) return { outcome: null, at: new Date().toISOString() }
      const found = await executions.run(task, signal)
      // A zombie must not report, and a cancelled step must not be tried again by the server.
      if (found === undefined && !cancelled.signal.aborted) throw new Error('The attempt is over')
      return { outcome: found ?? null, at: new Date().toISOString() }
    })
    return { runId, event: outcomeEvent(node, turn, outcome), at }
  } catch (error) {
    if (!(error instanceof restate.TerminalError)) throw error
    // The run may only go on when the step is really over.
    cancelled.abort(new Error('The engine stopped the step'))
    await executions.stop(message)
    const at = new Date(await context.date.now()).toISOString()
    const outcome = error instanceof restate.CancelledError ? null : broken(error)
    return { runId, event: outcomeEvent(node, turn, outcome), at }
  }
}

function outcomeEvent(node: string, turn: number, outcome: StepOutcome | null): RunEvent {
  return outcome === null ? { type: 'stopped', node, turn } : { type: 'settled', node, turn, outcome }
}

/** The server refused the outcome, for example because it is larger than a message may be. */
function broken({ message }: restate.TerminalError): StepOutcome {
  return { status: 'failed', failure: { class: 'bug', code: 'ENGINE_RECORD', message } }
}

/** Goes once through all that steps need: server, endpoint, signature, SDK and journal. */
export const selfTestService = restate.service({
  name: serviceNames.selfTest,
  handlers: {
    echo: async (context: restate.Context, text: string): Promise<string> => context.run('echo', () => text),
  },
})
