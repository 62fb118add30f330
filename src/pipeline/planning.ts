import { Refusal, TransientError } from '../errors.ts'
import type { Digest } from '../lib/digest.ts'
import type { Json } from '../lib/json.ts'
import { topologicalOrder } from './order.ts'
import { pause } from './pause.ts'
import type { Pipeline, PipelineNode, Plan, PlannedChange, PlannedNode, StepNode } from './plan.ts'
import type { Change, Probe, RunIdentity, Skip } from './step.ts'
import { type ContextFor, resolveStep, type StepRegistry } from './step-registry.ts'

export interface PlanningOptions {
  readonly pipeline: Pipeline
  readonly run: RunIdentity
  /** Digest of the resolved configuration. */
  readonly config: Digest
  readonly registry: StepRegistry
  readonly contextFor: ContextFor
  readonly signal: AbortSignal
  /** How long a probe that cannot see the world is repeated. */
  readonly patience?: { readonly limitMs: number; readonly delayMs: number }
  /** Masks secrets in what the plan tells. */
  readonly redact?: (text: string) => string
}

/** What is known of a node's result before anything runs. */
type Known = { readonly known: true; readonly results: Results } | { readonly known: false }
type Results = { readonly [stepId: string]: Json }
type Looked = { readonly planned: PlannedNode; readonly outlook: Known }

/**
 * Probes and decides every step whose needs are already true, side by side up to the pipeline's limit. Writes nothing.
 */
export async function planPipeline(options: PlanningOptions): Promise<Plan> {
  const order = topologicalOrder(options.pipeline.nodes)
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const places = placesOf(Math.max(1, options.pipeline.parallelMax))
  const looks = new Map<string, Promise<Looked>>()
  for (const node of order) {
    const look = lookAt(node, looks, { ...options, signal }, places)
    // The first failure ends the other probes; all of them are awaited below.
    look.catch((error) => stop.abort(error))
    looks.set(node.id, look)
  }
  const settled = await Promise.allSettled(looks.values())
  if (options.signal.aborted) throw options.signal.reason
  if (stop.signal.aborted) throw stop.signal.reason
  const nodes = settled.flatMap((look) => (look.status === 'fulfilled' ? [look.value.planned] : []))
  const { run, config, pipeline } = options
  return { schema: 'hawser.plan/1', run, config, parallelMax: pipeline.parallelMax, nodes }
}

type Places = <T>(work: () => Promise<T>) => Promise<T>

function placesOf(parallelMax: number): Places {
  let free = parallelMax
  const queue: (() => void)[] = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => queue.push(resolve))
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}

async function lookAt(
  node: PipelineNode,
  looks: ReadonlyMap<string, Promise<Looked>>,
  options: PlanningOptions,
  places: Places,
): Promise<Looked> {
  const needs = await Promise.all(node.needs.map((id) => looks.get(id)))
  const before = needs.filter((need) => need !== undefined)
  const skip = node.skip ?? blockedBy(before)
  if (skip !== undefined) {
    // A step left out on purpose leaves no result; those behind it do without.
    return { planned: { ...node, skip, change: { kind: 'skip', skip } }, outlook: merged(before) }
  }
  const outlook = merged(before)
  if ('gate' in node) {
    return { planned: { ...node, change: { kind: 'gate', summary: `${node.gate} decides` } }, outlook }
  }
  const step = resolveStep(node, options.registry).step
  if (!outlook.known && step.probesAlone !== true) {
    return { planned: { ...node, change: later(before, step.replacesUnseen) }, outlook }
  }
  const results = outlook.known ? outlook.results : {}
  const change = await places(() => seenChange(node, results, options))
  const planned = { ...node, change: plannedChange(change, options.redact ?? ((text) => text)) }
  if (change.kind !== 'keep' || !outlook.known) return { planned, outlook: { known: false } }
  return { planned, outlook: { known: true, results: { ...results, [node.id]: change.result } } }
}

function blockedBy(needs: readonly Looked[]): Skip | undefined {
  const blocked = needs.find(({ planned }) => planned.skip?.reason === 'blocked')
  return blocked && { reason: 'blocked', by: blocked.planned.id }
}

function merged(needs: readonly Looked[]): Known {
  let results: Results = {}
  for (const { outlook } of needs) {
    if (!outlook.known) return outlook
    results = { ...results, ...outlook.results }
  }
  return { known: true, results }
}

function later(needs: readonly Looked[], mayReplace: true | undefined): PlannedChange {
  const after = needs.filter(({ outlook }) => !outlook.known).map(({ planned }) => planned.id)
  const summary = `known after ${after.join(', ')}`
  return { kind: 'later', summary, after, ...(mayReplace && { mayReplace }) }
}

type Seen = Change | { readonly kind: 'unknown'; readonly reason: string }

async function seenChange(node: StepNode, results: Results, options: PlanningOptions): Promise<Seen> {
  const { step, options: stepOptions } = resolveStep(node, options.registry)
  const { limitMs, delayMs } = options.patience ?? { limitMs: 10_000, delayMs: 500 }
  const endsAt = performance.now() + limitMs
  const context = options.contextFor({ run: options.run, node, results }, options.signal)
  for (;;) {
    options.signal.throwIfAborted()
    const probe = await tryProbe(() => step.probe(stepOptions, context))
    if (probe instanceof Refusal) return refusal(probe)
    if (probe.state !== 'unknown') return decided(() => step.decide(stepOptions, probe, context))
    if (performance.now() + delayMs >= endsAt) return { kind: 'unknown', reason: probe.reason }
    await pause(delayMs, options.signal)
  }
}

async function tryProbe(probe: () => Promise<Probe>): Promise<Probe | Refusal> {
  try {
    return await probe()
  } catch (error) {
    if (error instanceof TransientError) return { state: 'unknown', reason: error.message }
    if (error instanceof Refusal) return error
    throw error
  }
}

function decided(decide: () => Change): Change {
  try {
    return decide()
  } catch (error) {
    if (error instanceof Refusal) return refusal(error)
    throw error
  }
}

const refusal = ({ code, message, hint }: Refusal): Change => ({
  kind: 'refuse',
  code,
  message,
  hint: hint ?? '',
})

function plannedChange(change: Seen, redact: (text: string) => string): PlannedChange {
  switch (change.kind) {
    case 'create': {
      const detail = change.detail === undefined ? {} : { detail: change.detail }
      return { kind: 'create', summary: redact(change.summary), ...detail }
    }
    case 'replace':
      return {
        kind: 'replace',
        summary: redact(change.summary),
        detail: { old: change.old, new: change.new },
      }
    case 'keep':
      return { kind: 'keep', summary: redact(change.summary) }
    case 'wait':
      return { kind: 'wait', summary: redact(change.summary), whom: change.whom }
    case 'refuse':
      return { ...change, message: redact(change.message), hint: redact(change.hint) }
    case 'unknown':
      return { kind: 'unknown', reason: redact(change.reason) }
  }
}
