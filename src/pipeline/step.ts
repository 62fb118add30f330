import type { z } from 'zod'
import type { Json, JsonObject } from '../lib/json.ts'
import type { GateDecision } from './run.ts'

/**
 * What a step saw in the world. `unknown` (a timeout, a 403, a 500) never authorises a write: the step waits,
 * retries within its limit, or fails naming the probe.
 */
export type Probe<Evidence = Json> =
  | { readonly state: 'present'; readonly evidence: Evidence }
  | { readonly state: 'absent'; readonly detail?: Json }
  | { readonly state: 'unknown'; readonly reason: string }

/** What is to be done about it. `summary` is one line for people, without secrets, times or machine paths. */
export type Change<Result extends Json = Json> =
  | {
      readonly kind: 'create'
      readonly summary: string
      readonly detail?: Json
      /** `act` only begins what takes its own time: its result is not taken, and the step is probed again after a while. */
      readonly begins?: { readonly whom: string; readonly againAfterMs: number }
    }
  /** Already true: nothing is written. The result is what `act` would have returned. */
  | { readonly kind: 'keep'; readonly summary: string; readonly result: Result }
  | { readonly kind: 'replace'; readonly summary: string; readonly old: Json; readonly new: Json }
  /** Policy forbids it (exit 5). */
  | { readonly kind: 'refuse'; readonly code: string; readonly message: string; readonly hint: string }
  /** The world is not ready; the engine probes again after `againAfterMs` until the step's limit. */
  | { readonly kind: 'wait'; readonly summary: string; readonly whom: string; readonly againAfterMs?: number }

/** Which node of which run is executed; what is done for this run alone, such as a job, is named by it. */
export interface Execution {
  /** `project/version#attempt` */
  readonly runId: string
  readonly node: string
}

/** What a run is tied to. Everything that steps produce is bound to these values. */
export interface RunIdentity {
  readonly project: string
  readonly version: string
  /** Full commit id of the checkout when the run was planned. */
  readonly commit: string
  /** Seconds since 1970: SOURCE_DATE_EPOCH, else the commit's time. The only clock that bytes may depend on. */
  readonly epoch: number
}

export interface StepContext {
  readonly run: RunIdentity
  /** Absolute path of the project (where hawser.yaml is). Never part of results or of bytes. */
  readonly root: string
  /** Results of the steps named in `needs` (and of what they need), by step id. Skipped steps are absent. */
  readonly results: { readonly [stepId: string]: Json }
  /** What people decided at the gates before it, by gate. Absent while a plan is made. */
  readonly decisions?: { readonly [gateId: string]: GateDecision }
  /** Absent while a plan is made. */
  readonly execution?: Execution
  readonly signal: AbortSignal
  /** One line of progress for people. Secrets are masked by the caller. */
  log(text: string): void
  /** Called with each secret before it is used, so that nothing can print it. */
  maskSecret(secret: string | Uint8Array): void
  readonly environment: { readonly [name: string]: string | undefined }
  /** The wall clock, for signatures' dates and waits only; never for content. */
  now(): Date
  /** When the run began: what is older is no evidence of its work. Absent while planning. */
  readonly runStartedAt?: Date
}

/**
 * One kind of step. It never "does", it converges: probe → decide → act → verify. `act` may be interrupted after
 * every line and is then repeated from `probe`.
 */
export interface Step<Options = JsonObject, Result extends Json = Json, Evidence = Json> {
  /** The kind's name, written as `step:` in a pipeline. A string only in its own folder. */
  readonly name: string
  readonly describe: string
  readonly options: z.ZodType<Options>
  /** `probe` and `decide` work without the results of `needs`, so that planning need not say "later". */
  readonly probesAlone?: true
  /**
   * A change that planning called "later" may turn out to be a `replace`. Only for what the run itself owns: local
   * build output, a draft. Without it such a replace is refused, because nobody has seen what it would overwrite.
   */
  readonly replacesUnseen?: true
  /** Reads the world, never writes. */
  probe(options: Options, context: StepContext): Promise<Probe<Evidence>>
  /** Pure. What an interrupted `act` left behind must be decided as the change that it interrupted: create stays create. */
  decide(options: Options, probe: Probe<Evidence>, context: StepContext): Change<Result>
  /** Makes one change true and returns what later steps need (JSON, no secrets). */
  act(change: Change<Result>, options: Options, context: StepContext): Promise<Result>
  /** Reads back what users will read; throws when it is not as declared. Runs after `act` and after `keep`. */
  verify?(result: Result, options: Options, context: StepContext): Promise<void>
  /** Ends what `act` began, when the run ends without the step (cancelled, rejected, out of time). No error when it has ended. */
  abandon?(options: Options, context: StepContext): Promise<void>
}

/** A step kind whose options and result are only known to itself; what registries hold. */
// biome-ignore lint/suspicious/noExplicitAny: the registry erases each kind's own option and result types
export type AnyStep = Step<any, any, any>

/** Why a step did not run; a typed result, recorded, never a way to turn green by accident. */
export type Skip =
  | { readonly reason: 'not selected'; readonly by: string }
  | { readonly reason: 'not applicable'; readonly because: string }
  | { readonly reason: 'blocked'; readonly by: string }
