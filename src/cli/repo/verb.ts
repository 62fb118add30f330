import { UserError } from '../../errors.ts'
import type { OutsideRun } from '../../release/open-declared.ts'
import type { CommandInput } from '../command.ts'

export interface VerbInput extends CommandInput {
  /** The repository's name in hawser.yaml. */
  readonly name: string
  /** What follows it. */
  readonly words: readonly string[]
  readonly outside: OutsideRun
}

/** Prints, and returns an exit code. */
export type Verb = (input: VerbInput) => Promise<number>

export interface Verbs {
  readonly [verb: string]: Verb | undefined
}

/** A whole number that was given as a flag. */
export function wholeNumber(text: string, flag: string, min: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text)
  throw new UserError('USAGE_FLAG', `--${flag} is "${text}", which is no whole number from ${min} on.`, {
    hint: `Write it like this: --${flag} ${min + 2}.`,
  })
}
