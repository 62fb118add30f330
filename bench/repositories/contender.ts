import type { Timed } from './timed.ts'

/** A repository that packages are added to, by one tool. */
export interface Contender {
  readonly name: string
  /** From all these files, at once: the full index. Not measured as an addition. */
  start(files: readonly string[]): Promise<Timed | undefined>
  /** Adds and publishes. */
  add(files: readonly string[]): Promise<Timed>
}
