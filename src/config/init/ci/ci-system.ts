import type { PipelineNode } from '../../../pipeline/plan.ts'
import type { Config } from '../../config.ts'

/** An input of hawser.yaml, as a form asks for it. */
export interface CiInput {
  readonly name: string
  readonly describe: string
  readonly kind: 'text' | 'choice' | 'yes or no'
  /** Of a choice. */
  readonly values: readonly string[]
  /** Absent: somebody must say it. */
  readonly fallback: string | undefined
}

/** What a job that releases the project must know. */
export interface CiFacts {
  readonly hawserVersion: string
  readonly config: Config
  readonly nodes: readonly PipelineNode[]
  readonly inputs: readonly CiInput[]
  /** Environment variables that hawser.yaml takes secrets from. */
  readonly secrets: readonly string[]
}

/** A system that runs releases: where its file is, and what stands in it. */
export interface CiSystem {
  readonly name: string
  /** Relative to the project. */
  readonly path: string
  render(facts: CiFacts): string
  /** For people: what is left to do. */
  notes(facts: CiFacts): readonly string[]
}
