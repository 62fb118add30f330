import type { JsonObject } from '../lib/json.ts'
import type { Chosen } from './config.ts'

/** A repository that uses the packages: one pull request for each version brings it to them. */
export interface ConsumerConfig {
  readonly name: string
  readonly forge: Chosen
  /** Branch that the pull request goes to; undefined: the forge's main one. */
  readonly base: string | undefined
  /** Branch that it comes from. */
  readonly branch: string
  readonly title: string
  readonly body: string
  readonly labels: readonly string[]
  /** Names of environments, in the order of the file; empty where the file has none. */
  readonly environments: readonly string[]
  readonly edits: readonly EditConfig[]
  /** More files in which drift is looked for: paths or globs. */
  readonly watch: readonly string[]
  readonly tests: readonly ConsumerTest[]
  readonly merge: ConsumerMerge
}

export type EditConfig =
  | {
      readonly kind: 'yaml'
      readonly file: string
      readonly values: { readonly [path: string]: ValueConfig }
    }
  | VersionsEditConfig
  | { readonly kind: 'mentions'; readonly files: readonly string[]; readonly packages: readonly string[] }

export interface VersionsEditConfig {
  readonly kind: 'versions'
  readonly files: readonly string[]
  readonly pattern: string
  readonly of:
    | {
        readonly packages: readonly string[]
        /** Word in the file → package format; or the one format of all. */
        readonly formats: { readonly [variant: string]: string } | string
      }
    | { readonly value: ValueConfig }
}

/** Resolved for an environment by release/resolve-edits.ts. */
export type ValueConfig =
  | { readonly from: 'text'; readonly text: string }
  | { readonly from: 'package'; readonly package: string; readonly format: string }
  /** Address of the environment's repository of this format. */
  | { readonly from: 'repository'; readonly format: string }
  /** Address of its public key. */
  | { readonly from: 'publicKey'; readonly format: string }

export interface ConsumerTest {
  readonly name: string
  readonly limitMs: number
  /** Options of run-job without `forge`, `headFrom` and `release`. */
  readonly options: JsonObject
}

export interface ConsumerMerge {
  readonly limitMs: number
  readonly requireApproval: boolean
}
