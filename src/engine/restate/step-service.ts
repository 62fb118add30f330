import * as restate from '@restatedev/restate-sdk'
import type { Executions } from './executions.ts'
import { type ExecuteMessage, type SettledMessage, serviceNames } from './messages.ts'
import { send } from './send.ts'
import type { StepRunner } from './step-runner.ts'

/**
 * One invocation per execution of a step: what has to be executed survives crashes in it. The outcome goes to the release
 * from within, so that the run need not wait until this invocation has been recorded as well.
 */
export function stepService(executions: Executions, runner: StepRunner) {
  return restate.service({
    name: serviceNames.step,
    handlers: {
      execute: async (context: restate.Context, message: ExecuteMessage): Promise<void> => {
        const { attemptCompletedSignal } = context.request()
        const cancelled = new AbortController()
        const signal = AbortSignal.any([attemptCompletedSignal, cancelled.signal])
        try {
          await context.run(message.node, async () => {
            try {
              await runner.finish(message, signal)
            } catch (error) {
              // A cancelled step must not be tried again by the server.
              if (!cancelled.signal.aborted) throw error
            }
          })
        } catch (error) {
          if (!(error instanceof restate.TerminalError)) throw error
          // The run may only go on when the step is really over.
          cancelled.abort(new Error('The engine stopped the step'))
          await executions.stop(message)
          const at = new Date(await context.date.now()).toISOString()
          const { runId, node, turn, release } = message
          const body: SettledMessage = { runId, event: { type: 'stopped', node, turn }, at }
          send(context, { service: 'release', handler: 'settled', key: release, body })
        }
      },
    },
    // Long enough for an abort to find the invocation that it is about.
    options: { idempotencyRetention: { hours: 1 } },
  })
}

/** Goes once through all that steps need: server, endpoint, signature, SDK and journal. */
export const selfTestService = restate.service({
  name: serviceNames.selfTest,
  handlers: {
    echo: async (context: restate.Context, text: string): Promise<string> => context.run('echo', () => text),
  },
})
