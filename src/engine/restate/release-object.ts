import * as restate from '@restatedev/restate-sdk'
import { Refusal, UserError } from '../../errors.ts'
import type { ReleaseKey } from '../../pipeline/engine.ts'
import { releaseName, releaseOf, runUnknown } from '../../pipeline/release-key.ts'
import type { Run } from '../../pipeline/run.ts'
import type { RunEvent, Transition } from '../../pipeline/run-event.ts'
import { startBeside } from '../../pipeline/starting.ts'
import { stepTask } from '../../pipeline/step-task.ts'
import { advance } from '../../pipeline/transitions.ts'
import {
  type CancelMessage,
  type DueMessage,
  type ExecuteMessage,
  type ReleaseAnswer,
  type SettledMessage,
  type SignalMessage,
  type StartMessage,
  serviceNames,
} from './messages.ts'
import type { RunHub, RunRecord } from './run-hub.ts'
import { send } from './send.ts'

/** `invocations`: by node, what an abort cancels. */
interface ReleaseState {
  readonly run: Run
  readonly revision: number
  readonly invocations: Readonly<Record<string, string>>
}

type Context = restate.ObjectContext<ReleaseState & restate.TypedState>

/**
 * The release (key: project/version) as an object whose handlers take milliseconds: they advance the run and send what
 * has to be done. Nothing waits inside, so neither approvals of days nor upgrades pin anything.
 *
 * In handlers, promises of the SDK are awaited one after the other: native combinators would hang them for ever.
 */
export function releaseObject(hub: RunHub) {
  return restate.object({
    name: serviceNames.release,
    handlers: {
      start: async (context: Context, { plan, at }: StartMessage): Promise<ReleaseAnswer> => {
        const newest = await context.get('run')
        return decide(context, hub, newest, () => startBeside(newest ?? undefined, plan, new Date(at)))
      },
      signal: async (context: Context, { gate, decision, at }: SignalMessage): Promise<ReleaseAnswer> =>
        decideNewest(context, hub, { type: 'signal', gate, decision }, at),
      cancel: async (context: Context, { reason, at }: CancelMessage): Promise<ReleaseAnswer> =>
        decideNewest(context, hub, { type: 'cancel', reason }, at),
      settled: async (context: Context, { runId, event, at }: SettledMessage): Promise<void> =>
        happen(context, hub, runId, event, new Date(at)),
      due: async (context: Context, { runId, event }: DueMessage): Promise<void> =>
        happen(context, hub, runId, event, new Date(await context.date.now())),
      get: restate.handlers.object.shared(
        async (context: restate.ObjectSharedContext): Promise<RunRecord | null> => {
          const run = await context.get<Run>('run')
          if (run === null) return null
          return { run, revision: (await context.get<number>('revision')) ?? 0 }
        },
      ),
    },
    options: { idempotencyRetention: { hours: 1 } },
  })
}

async function decideNewest(
  context: Context,
  hub: RunHub,
  event: RunEvent,
  at: string,
): Promise<ReleaseAnswer> {
  const newest = await context.get('run')
  return decide(context, hub, newest, () => {
    if (newest === null) throw runUnknown(keyOf(context.key))
    return advance(newest, event, new Date(at))
  })
}

function keyOf(name: string): ReleaseKey {
  const slash = name.lastIndexOf('/')
  return { project: name.slice(0, slash), version: name.slice(slash + 1) }
}

async function decide(
  context: Context,
  hub: RunHub,
  before: Run | null,
  transition: () => Transition,
): Promise<ReleaseAnswer> {
  let next: Transition
  try {
    next = transition()
  } catch (error) {
    return refused(error)
  }
  await apply(context, hub, before, next)
  return { kind: 'run', run: next.run }
}

function refused(error: unknown): ReleaseAnswer {
  if (!(error instanceof UserError || error instanceof Refusal)) {
    const cause = error instanceof Error ? error.message : String(error)
    // Trying again would end the same way, and block the release for ever.
    throw new restate.TerminalError(cause)
  }
  const { code, message, hint } = error
  const kind = error instanceof Refusal ? 'refused' : 'user'
  return { kind, code, message, ...(hint !== undefined && { hint }) }
}

async function happen(
  context: Context,
  hub: RunHub,
  runId: string,
  event: RunEvent,
  now: Date,
): Promise<void> {
  const run = await context.get('run')
  // Timers of an earlier attempt come late.
  if (run === null || run.id !== runId) return
  await apply(context, hub, run, advance(run, event, now))
}

async function apply(
  context: Context,
  hub: RunHub,
  before: Run | null,
  { run, commands }: Transition,
): Promise<void> {
  if (run === before) return
  const isSameRun = before !== null && before.id === run.id
  if (before !== null && !isSameRun) keepForEver(context, before)
  const revision = ((await context.get('revision')) ?? 0) + 1
  context.set('run', run)
  context.set('revision', revision)
  const invocations = { ...((isSameRun ? await context.get('invocations') : null) ?? {}) }
  for (const command of commands) {
    if (command.type === 'execute') {
      const body: ExecuteMessage = { task: stepTask(run, command.node), turn: command.turn }
      const sent = send(context, { service: 'step', handler: 'execute', body })
      invocations[command.node] = await sent.invocationId
    } else if (command.type === 'abort') {
      const invocation = invocations[command.node]
      if (invocation === undefined) throw new restate.TerminalError(`${command.node} was never started`)
      context.cancel(restate.InvocationIdParser.fromString(invocation))
    } else {
      const body: DueMessage = { runId: run.id, event: command.event }
      send(context, { service: 'release', handler: 'due', key: context.key, body, delayMs: command.afterMs })
    }
  }
  if (commands.some(({ type }) => type === 'execute')) context.set('invocations', invocations)
  hub.changed(releaseName(releaseOf(run.plan)), { run, revision })
}

function keepForEver(context: Context, run: Run): void {
  send(context, { service: 'history', handler: 'keep', key: run.id, body: run })
}

/** Runs that a later attempt has replaced (key: the run's id). */
export const historyObject = restate.object({
  name: serviceNames.history,
  handlers: {
    keep: async (context: restate.ObjectContext, run: Run): Promise<void> => context.set('run', run),
  },
})
