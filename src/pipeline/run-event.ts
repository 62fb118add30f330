import type { StepOutcome } from './engine.ts'
import type { GateDecision, Run } from './run.ts'

/** What can happen to a run. `turn` names the execution, so that an answer of an earlier one is told apart. */
export type RunEvent =
  | { readonly type: 'settled'; readonly node: string; readonly turn: number; readonly outcome: StepOutcome }
  /** An aborted execution is over. */
  | { readonly type: 'stopped'; readonly node: string; readonly turn: number }
  /** The time for the next try has come. */
  | { readonly type: 'due'; readonly node: string; readonly turn: number }
  /** The limit of an open gate has passed. */
  | { readonly type: 'timeout'; readonly node: string }
  | { readonly type: 'signal'; readonly gate: string; readonly decision: GateDecision }
  | { readonly type: 'cancel'; readonly reason: string }

/** What the engine has to do after a transition. */
export type RunCommand =
  /** Execute the step with `executeWithinLimit`. */
  | { readonly type: 'execute'; readonly node: string; readonly turn: number }
  /** End the execution; then comes `stopped`, or `settled` when it was faster. */
  | { readonly type: 'abort'; readonly node: string; readonly turn: number }
  /** Bring the event back after a while. */
  | { readonly type: 'wake'; readonly event: RunEvent; readonly afterMs: number }

export interface Transition {
  readonly run: Run
  readonly commands: readonly RunCommand[]
}
