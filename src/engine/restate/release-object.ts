import * as restate from '@restatedev/restate-sdk'
import { Refusal, UserError } from '../../errors.ts'
import type { ReleaseKey } from '../../pipeline/engine.ts'
import { releaseName, releaseOf, runUnknown } from '../../pipeline/release-key.ts'
import type { Run } from '../../pipeline/run.ts'
import type { RunCommand, RunEvent, Transition } from '../../pipeline/run-event.ts'
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
import { readRecord, writeRecord } from './release-state.ts'
import type { RunHub, RunRecord } from './run-hub.ts'
import { send } from './send.ts'
import type { StepRunner } from './step-runner.ts'

type Context = restate.ObjectContext

/**
 * The release (key: project/version) as an object whose handlers take milliseconds: they advance the run and send what
 * has to be done. Nothing waits inside, so neither approvals of days nor upgrades pin anything.
 *
 * In handlers, promises of the SDK are awaited one after the other: native combinators would hang them for ever.
 */
export function releaseObject(hub: RunHub, runner: StepRunner) {
  return restate.object({
    name: serviceNames.release,
    handlers: {
      start: async (context: Context, { plan, at }: StartMessage): Promise<ReleaseAnswer> => {
        const record = await readRecord(context)
        return decide(context, hub, record, () => startBeside(record?.run, plan, new Date(at)))
      },
      signal: async (context: Context, { gate, decision, at }: SignalMessage): Promise<ReleaseAnswer> =>
        decideNewest(context, hub, { type: 'signal', gate, decision }, at),
      cancel: async (context: Context, { reason, at }: CancelMessage): Promise<ReleaseAnswer> =>
        decideNewest(context, hub, { type: 'cancel', reason }, at),
      settled: async (context: Context, { runId, event, at }: SettledMessage): Promise<void> => {
        const next = await happen(context, hub, runId, event, new Date(at))
        if (next !== undefined && event.type === 'settled' && runner.isOurs({ ...event, runId })) {
          beginNext(context, next, runner)
        }
      },
      due: async (context: Context, { runId, event }: DueMessage): Promise<void> => {
        await happen(context, hub, runId, event, new Date(await context.date.now()))
      },
      newest: async (context: Context): Promise<RunRecord | null> => (await readRecord(context)) ?? null,
      get: restate.handlers.object.shared(
        async (context: restate.ObjectSharedContext): Promise<RunRecord | null> =>
          (await readRecord(context)) ?? null,
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
  const record = await readRecord(context)
  return decide(context, hub, record, () => {
    if (record === undefined) throw runUnknown(keyOf(context.key))
    return advance(record.run, event, new Date(at))
  })
}

function keyOf(name: string): ReleaseKey {
  const slash = name.lastIndexOf('/')
  return { project: name.slice(0, slash), version: name.slice(slash + 1) }
}

async function decide(
  context: Context,
  hub: RunHub,
  before: RunRecord | undefined,
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
): Promise<Transition | undefined> {
  const record = await readRecord(context)
  // Timers of an earlier attempt come late.
  if (record === undefined || record.run.id !== runId) return undefined
  const next = advance(record.run, event, now)
  await apply(context, hub, record, next)
  return next
}

/**
 * Begins what follows while the transition is still on its way into the log. Its event is recorded, and nobody else can
 * change the run now: the transition is certain. After a crash the messages bring the same steps once more.
 */
function beginNext(context: Context, { run, commands }: Transition, runner: StepRunner): void {
  if (context.request().attemptCompletedSignal.aborted) return
  for (const command of commands) {
    if (command.type !== 'execute') continue
    runner.begin(executeMessage(context, run, command), stepTask(run, command.node))
  }
}

async function apply(
  context: Context,
  hub: RunHub,
  before: RunRecord | undefined,
  { run, commands }: Transition,
): Promise<void> {
  if (run === before?.run) return
  if (before !== undefined && before.run.id !== run.id) keepForEver(context, before)
  const record: RunRecord = { run, revision: (before?.revision ?? 0) + 1 }
  writeRecord(context, record, before)
  for (const command of commands) await obey(context, run, command)
  hub.changed(releaseName(releaseOf(run.plan)), record)
}

async function obey(context: Context, run: Run, command: RunCommand): Promise<void> {
  if (command.type === 'wake') {
    const body: DueMessage = { runId: run.id, event: command.event }
    send(context, { service: 'release', handler: 'due', key: context.key, body, delayMs: command.afterMs })
    return
  }
  const { node, turn } = command
  const body = executeMessage(context, run, command)
  const idempotencyKey = `${run.id} ${run.startedAt} ${node} ${turn}`
  const sent = send(context, { service: 'step', handler: 'execute', body, idempotencyKey })
  // Sending with the same key again starts nothing, but tells which invocation it is.
  if (command.type === 'abort') context.cancel(await sent.invocationId)
}

function executeMessage(
  context: Context,
  run: Run,
  { node, turn }: { readonly node: string; readonly turn: number },
): ExecuteMessage {
  return { release: context.key, runId: run.id, node, turn }
}

function keepForEver(context: Context, record: RunRecord): void {
  send(context, { service: 'history', handler: 'keep', key: record.run.id, body: record })
}

/** Runs that a later attempt has replaced (key: the run's id). */
export const historyObject = restate.object({
  name: serviceNames.history,
  handlers: {
    keep: async (context: restate.ObjectContext, record: RunRecord): Promise<void> =>
      writeRecord(context, record, undefined),
  },
})
