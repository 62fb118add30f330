import type { Digest } from '../lib/digest.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import type { RunIdentity, Skip } from './step.ts'

/** How often a failing step is tried. Only transient errors are retried. */
export interface RetryPolicy {
  readonly attemptsMax: number
  readonly firstDelayMs: number
  readonly delayMaxMs: number
}

/** A node as declared: pure data, so that it can be planned, stored and compared. */
export interface StepNode {
  readonly id: string
  /** The step kind. */
  readonly step: string
  readonly options: JsonObject
  readonly needs: readonly string[]
  /** Set when the declaration or the selection already decided that it does not run. */
  readonly skip?: Skip
  /** What one execution may take; and from its first start, when the step is last tried or asked again. */
  readonly limitMs: number
  readonly retry: RetryPolicy
}

/** A decision by a person, as data. Decided by a signal; lapses when the plan changes. */
export interface GateNode {
  readonly id: string
  readonly gate: string
  readonly needs: readonly string[]
  readonly skip?: Skip
  /** How long it stays open. */
  readonly limitMs: number
}

export type PipelineNode = StepNode | GateNode

export interface Pipeline {
  readonly nodes: readonly PipelineNode[]
  /** How many steps run side by side. */
  readonly parallelMax: number
}

/** What planning learnt of one node. `later`: it depends on results that do not exist yet. */
export type PlannedChange =
  | { readonly kind: 'create' | 'replace'; readonly summary: string; readonly detail?: Json }
  | { readonly kind: 'keep'; readonly summary: string }
  | { readonly kind: 'refuse'; readonly code: string; readonly message: string; readonly hint: string }
  | { readonly kind: 'wait'; readonly summary: string; readonly whom: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | {
      readonly kind: 'later'
      readonly summary: string
      readonly after: readonly string[]
      /** The step kind declares that it may replace what planning could not see (`Step.replacesUnseen`). */
      readonly mayReplace?: true
    }
  | { readonly kind: 'skip'; readonly skip: Skip }
  | { readonly kind: 'gate'; readonly summary: string }

export type PlannedNode = PipelineNode & { readonly change: PlannedChange }

/** The diff between the declared release and the world. Its canonical JSON has the digest. */
export interface Plan {
  readonly schema: 'hawser.plan/1'
  readonly run: RunIdentity
  /** Digest of the resolved configuration that the plan was made from. */
  readonly config: Digest
  readonly parallelMax: number
  /** In a topological order (Kahn's, ties by declaration order). */
  readonly nodes: readonly PlannedNode[]
}
