import type { Forge } from '../forge/forge.ts'
import type { Environment } from '../lib/child.ts'

/** What is run, once. */
export interface JobSpec {
  /** The same for every attempt to start this job of this run; another one for a retry that is to run it again. */
  readonly key: string
  /** For people. */
  readonly name: string
  /** The commit that the job is about: results of others are no evidence. */
  readonly commit: string
  /** When the run began; what was reported before is no evidence. */
  readonly notBefore: Date
  /** The longest it may take, from its start. */
  readonly limitMs: number
  /** What this run tells the job, by name; no secrets. Variables of a program, inputs of a workflow. */
  readonly inputs: { readonly [name: string]: string }
}

export type JobState =
  | { readonly state: 'absent' }
  | {
      readonly state: 'running'
      readonly since: Date
      readonly url?: string
      /** What it is waiting for, when it is not ours; for people. */
      readonly note?: string
    }
  | {
      readonly state: 'succeeded'
      readonly url?: string
      readonly outputs: { readonly [name: string]: string }
    }
  | { readonly state: 'failed'; readonly reason: string; readonly exitCode?: number; readonly url?: string }
  | { readonly state: 'cancelled' }

/** A file that a job left for us. */
export interface JobFile {
  /** Relative, with slashes. */
  readonly path: string
  /** Absolute, on this machine. */
  readonly file: string
}

export interface JobContext {
  /** Absolute path of the project. */
  readonly root: string
  readonly environment: Environment
  readonly signal: AbortSignal
  log(text: string): void
  maskSecret(secret: string | Uint8Array): void
  now(): Date
  /** The forge of the project, for jobs that run or are reported there. */
  forge(): Forge
}

/**
 * Where jobs run. A job is started once for its key, also when the starter dies and starts again; it goes on without us,
 * and is found again by its key. `poll` never writes; what cannot be known throws. Kinds: jobs/process, /container,
 * /github-actions, /commit-status (which starts nothing, and waits for somebody else's job).
 */
export interface JobRunner {
  start(spec: JobSpec): Promise<void>
  poll(spec: JobSpec): Promise<JobState>
  /** Ends the whole job with everything that it started; no error when it has ended. */
  cancel(spec: JobSpec): Promise<void>
  /** What it printed so far, secrets masked, from this byte on. */
  logs(spec: JobSpec, fromByte: number): AsyncIterable<Uint8Array>
  /** Files that a job left in its folder of artifacts. Absent where jobs can leave none. */
  files?(spec: JobSpec): Promise<readonly JobFile[]>
}
