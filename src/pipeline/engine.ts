import type { Json } from '../lib/json.ts'
import type { Plan, StepNode } from './plan.ts'
import type { Failure, GateDecision, Run } from './run.ts'

/** Names the lease: one active run per project and version. */
export interface ReleaseKey {
  readonly project: string
  readonly version: string
}

/** One step of one run, as the engine hands it to the executor. Data only. */
export interface StepTask {
  readonly runId: string
  readonly plan: Plan
  readonly node: StepNode
  readonly results: { readonly [stepId: string]: Json }
  /** Of the gates before it. */
  readonly decisions?: { readonly [gateId: string]: GateDecision }
  readonly attempt: number
  /** When the run began, ISO 8601. */
  readonly runStartedAt?: string
}

export type StepOutcome =
  | {
      readonly status: 'done'
      readonly did: 'create' | 'keep' | 'replace'
      readonly summary: string
      readonly result: Json
    }
  | { readonly status: 'failed'; readonly failure: Failure; readonly retryAfterMs?: number }
  /** Not ready yet; ask again. Does not count as an attempt. */
  | { readonly status: 'again'; readonly afterMs: number; readonly note: string }

/** Runs probe → decide → act → verify of one task. Never throws for a failing step; throws only when aborted. */
export type StepExecutor = (task: StepTask, signal: AbortSignal) => Promise<StepOutcome>

/**
 * Where runs live. Everything is at-least-once: a step may be executed again after a crash, and converges.
 * Adapters: engine/memory, engine/restate. Both run the conformance suite in test/contract.
 */
export interface Engine {
  /** Starts a run of the plan, or returns the active one when it has the same plan digest; refuses another plan. */
  start(plan: Plan): Promise<Run>
  /** Decides a gate, also before it opens. Refused when the decision is about another plan. */
  signal(key: ReleaseKey, gate: string, decision: GateDecision): Promise<Run>
  cancel(key: ReleaseKey, reason: string): Promise<Run>
  /** The newest run of the release. */
  get(key: ReleaseKey): Promise<Run | undefined>
  /** Newest first. */
  list(): Promise<readonly Run[]>
  /** Every change of the run from now on, first the current state; ends when the run has ended. */
  watch(key: ReleaseKey, signal: AbortSignal): AsyncIterable<Run>
  /** Lets go of the engine. Runs that have not ended stay, and go on when an engine is opened again. */
  close(): Promise<void>
}
