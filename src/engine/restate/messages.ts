import type { Plan } from '../../pipeline/plan.ts'
import type { GateDecision, Run } from '../../pipeline/run.ts'
import type { RunEvent } from '../../pipeline/run-event.ts'

/** Names that the server keeps: they may never change. */
export const serviceNames = {
  release: 'release',
  history: 'history',
  step: 'step',
  selfTest: 'selfTest',
} as const

export interface StartMessage {
  readonly plan: Plan
  readonly at: string
}

export interface SignalMessage {
  readonly gate: string
  readonly decision: GateDecision
  readonly at: string
}

export interface CancelMessage {
  readonly reason: string
  readonly at: string
}

export interface SettledMessage {
  readonly runId: string
  readonly event: RunEvent
  readonly at: string
}

export interface DueMessage {
  readonly runId: string
  readonly event: RunEvent
}

/** Names the step only: what it needs is read where it is executed, and need not go through the log once more. */
export interface ExecuteMessage {
  readonly release: string
  readonly runId: string
  readonly node: string
  readonly turn: number
}

/** Decisions that cannot be taken are answers, not failures of the engine. */
export type ReleaseAnswer =
  | { readonly kind: 'run'; readonly run: Run }
  | {
      readonly kind: 'user' | 'refused'
      readonly code: string
      readonly message: string
      readonly hint?: string
    }
