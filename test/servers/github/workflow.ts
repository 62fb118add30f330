/** A workflow of GitHub Actions, played by a test. */
export interface ScriptedWorkflow {
  /** In `.github/workflows/`. */
  readonly file: string
  readonly name: string
  /** Names of what a dispatch may give; undefined: everything. */
  readonly inputs?: readonly string[]
  /** The `run-name`; the workflow's name without one. */
  runName?(inputs: { readonly [name: string]: string }): string
  /** What a run does; it ends with the conclusion, or with `failure` when this throws. */
  script(run: ScriptedRun): Promise<'success' | 'failure'> | 'success' | 'failure'
}

export interface ScriptedRun {
  readonly id: number
  readonly attempt: number
  readonly inputs: { readonly [name: string]: string }
  readonly branch: string
  readonly commit: string
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal
  log(line: string): void
  artifact(name: string, files: { readonly [path: string]: string | Uint8Array }): void
}
