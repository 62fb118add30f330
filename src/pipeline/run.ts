import type { Digest } from '../lib/digest.ts'
import type { Json } from '../lib/json.ts'
import type { GateArtifacts } from './gate-evidence.ts'
import type { Plan } from './plan.ts'
import type { Skip } from './step.ts'

/** A failure as data: no stack, no secret. `class` decides about retries and the exit code. */
export interface Failure {
  readonly class: 'user' | 'transient' | 'refused' | 'timeout' | 'bug'
  readonly code: string
  readonly message: string
  readonly hint?: string
}

export type NodeState =
  | { readonly status: 'waiting' }
  | {
      readonly status: 'running'
      readonly since: string
      readonly attempt: number
      readonly note?: string
      /** Counts executions from 1 (absent: 1); the outcome of an earlier one is ignored. */
      readonly turn?: number
      /** Absent while it executes. `idle`: until `next`; `queued`: due, no place free; `stopping`: aborted, not over yet. */
      readonly phase?: 'idle' | 'queued' | 'stopping'
      readonly next?: string
    }
  /** A gate that is open: someone must decide until `until`. */
  | {
      readonly status: 'open'
      readonly since: string
      readonly until: string
      /** An approval that no longer counts: the artifacts are others than those it was about. */
      readonly lapsed?: GateDecision
    }
  | {
      readonly status: 'done'
      readonly did: 'create' | 'keep' | 'replace' | 'approved'
      readonly summary: string
      readonly result: Json
      readonly at: string
      /** Of a gate. */
      readonly decision?: GateDecision
    }
  | { readonly status: 'skipped'; readonly skip: Skip }
  | { readonly status: 'failed'; readonly failure: Failure; readonly at: string }
  | {
      readonly status: 'rejected'
      readonly by: string
      readonly reason: string
      readonly at: string
      readonly decision?: GateDecision
    }
  | { readonly status: 'cancelled' }

/** `published`: every declared step is done or skipped by declaration. `waiting`: only open gates are left. */
export type RunStatus =
  | 'running'
  | 'waiting'
  | 'published'
  | 'failed'
  | 'refused'
  | 'rejected'
  | 'cancelling'
  | 'cancelled'

/** The record of one run; kept for ever by the engine. */
export interface Run {
  readonly schema: 'hawser.run/1'
  /** `project/version#attempt`. */
  readonly id: string
  readonly plan: Plan
  readonly planDigest: Digest
  readonly status: RunStatus
  readonly nodes: { readonly [nodeId: string]: NodeState }
  /** Decisions that came before their gate opened. */
  readonly early: { readonly [gateId: string]: GateDecision }
  readonly startedAt: string
  readonly endedAt?: string
  readonly cancelledBecause?: string
}

export interface GateDecision {
  readonly decision: 'approve' | 'reject'
  readonly by: string
  readonly reason: string
  readonly at: string
  /** The plan that was looked at; a decision about another plan is refused. */
  readonly planDigest: Digest
  /** The artifacts that were looked at; an approval of others is refused. Absent: it is about the plan alone. */
  readonly artifacts?: GateArtifacts
  /** What the decision rests on, when it was not typed by the one who decided. */
  readonly decidedBy?: DecisionEvidence
}

/** Where a decision was made that Hawser only took over: a pull request that was merged, reviewed or closed. */
export interface DecisionEvidence {
  readonly kind: 'merge' | 'review' | 'closing'
  readonly url: string
  /** The commit that was merged or looked at. */
  readonly commit: string
}
