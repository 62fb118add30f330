import { Refusal, TransientError, UserError } from '../errors.ts'
import { canonicalJson } from '../lib/json.ts'
import { conforms } from './conformance.ts'
import type { StepExecutor, StepOutcome, StepTask } from './engine.ts'
import type { PlannedChange } from './plan.ts'
import { redactJson } from './redact-json.ts'
import type { Failure } from './run.ts'
import type { AnyStep, Change, StepContext } from './step.ts'
import { resolveStep, type StepRegistry, type StepSubject } from './step-registry.ts'

export interface StepExecutorOptions {
  readonly registry: StepRegistry
  readonly contextFor: (task: StepTask & StepSubject, signal: AbortSignal) => StepContext
  /** Masks secrets; everything that enters the engine's state goes through it. */
  readonly redact: (text: string) => string
}

const waitMs = 5_000

/** The executor that engines call: probe → decide → does the plan allow it? → act → verify. */
export function stepExecutor({ registry, contextFor, redact }: StepExecutorOptions): StepExecutor {
  return async (task, signal) => {
    signal.throwIfAborted()
    let outcome: StepOutcome
    try {
      const { step, options } = resolveStep(task.node, registry)
      const context = contextFor({ ...task, run: task.plan.run }, signal)
      outcome = await converge(task, step, options, context)
    } catch (error) {
      outcome = failed(error)
    }
    // An aborted attempt may run beside its successor: whatever it found out, it must not be told.
    signal.throwIfAborted()
    return redacted(outcome, redact)
  }
}

async function converge(
  task: StepTask,
  step: AnyStep,
  options: unknown,
  context: StepContext,
): Promise<StepOutcome> {
  const probe = await step.probe(options, context)
  context.signal.throwIfAborted()
  if (probe.state === 'unknown') {
    throw new TransientError(
      'PROBE_UNKNOWN',
      `The step "${task.node.id}" (${step.name}) cannot see the world: ${probe.reason}`,
      { hint: 'Nothing was written. Repair what the probe needs, then retry the run.' },
    )
  }
  const change = step.decide(options, probe, context)
  if (change.kind === 'wait') {
    const note = `${change.summary} (waiting for ${change.whom})`
    return { status: 'again', afterMs: change.againAfterMs ?? waitMs, note }
  }
  if (change.kind === 'refuse') throw new Refusal(change.code, change.message, { hint: change.hint })
  refuseUnplanned(task, change)
  return made(change, step, options, context)
}

async function made(
  change: Change & { kind: 'create' | 'keep' | 'replace' },
  step: AnyStep,
  options: unknown,
  context: StepContext,
): Promise<StepOutcome> {
  const result = change.kind === 'keep' ? change.result : await step.act(change, options, context)
  context.signal.throwIfAborted()
  if (change.kind === 'create' && change.begins !== undefined) {
    const { whom, againAfterMs } = change.begins
    return { status: 'again', afterMs: againAfterMs, note: `${change.summary} (waiting for ${whom})` }
  }
  await step.verify?.(result, options, context)
  // Throws when a step returns what cannot be stored.
  canonicalJson(result)
  return { status: 'done', did: change.kind, summary: change.summary, result }
}

function refuseUnplanned({ plan, node }: StepTask, actual: Change): void {
  const planned: PlannedChange | undefined = plan.nodes.find(({ id }) => id === node.id)?.change
  if (planned === undefined) throw new Error(`The plan has no step "${node.id}", although the engine runs it`)
  const answer = conforms(planned, actual)
  if (answer === true) return
  throw new Refusal(
    'PLAN_WORLD_MOVED',
    `The world of "${node.id}" moved since the plan was made. ${answer}`,
    {
      hint: 'Look at a new plan (hawser plan), then release that one.',
    },
  )
}

function failed(error: unknown): StepOutcome {
  const retryAfterMs = error instanceof TransientError ? error.retryAfterMs : undefined
  return { status: 'failed', failure: failureOf(error), ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** An error as data: its fate by type, its message, never its stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof UserError) return typed('user', error)
  if (error instanceof TransientError) return typed('transient', error)
  if (error instanceof Refusal) return typed('refused', error)
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { class: 'timeout', code: 'STEP_TIMEOUT', message: error.message }
  }
  return { class: 'bug', code: 'HAWSER_BUG', message: error instanceof Error ? error.message : String(error) }
}

function typed(
  fate: Failure['class'],
  { code, message, hint }: UserError | TransientError | Refusal,
): Failure {
  return { class: fate, code, message, ...(hint !== undefined && { hint }) }
}

function redacted(outcome: StepOutcome, redact: (text: string) => string): StepOutcome {
  switch (outcome.status) {
    case 'done':
      return { ...outcome, summary: redact(outcome.summary), result: redactJson(outcome.result, redact) }
    case 'again':
      return { ...outcome, note: redact(outcome.note) }
    case 'failed': {
      const { message, hint, ...rest } = outcome.failure
      const failure = { ...rest, message: redact(message), ...(hint !== undefined && { hint: redact(hint) }) }
      return { ...outcome, failure }
    }
  }
}
