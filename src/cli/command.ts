import type { ParseArgsOptionDescriptor } from 'node:util'
import { UserError } from '../errors.ts'
import type { Terminal } from './terminal.ts'

/** One flag of a command: what `parseArgs` needs and one line for the help. */
export interface Flag extends ParseArgsOptionDescriptor {
  readonly describe: string
  /** The placeholder of a value, such as FILE; flags without one are switches. */
  readonly value?: string
}

export type FlagValues = {
  readonly [name: string]: string | boolean | readonly (string | boolean)[] | undefined
}

export interface CommandInput {
  /** What follows the command's name, without flags. */
  readonly words: readonly string[]
  readonly flags: FlagValues
  readonly terminal: Terminal
  readonly environment: { readonly [name: string]: string | undefined }
  readonly cwd: string
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
}

/** A command is a value; `run` calls release/ and prints, and returns an exit code (errors.ts). */
export interface Command {
  readonly name: string
  /** The words after the name, e.g. `VERSION`; lower-case words are written as they stand. */
  readonly usage: string
  readonly describe: string
  readonly flags: { readonly [name: string]: Flag }
  /** The fewest and most words it takes. */
  readonly words: readonly [number, number]
  run(input: CommandInput): Promise<number>
}

/** Flags that every command has. */
export const commonFlags = {
  json: { type: 'boolean', describe: 'Print the result as JSON on stdout.' },
  project: {
    type: 'string',
    short: 'C',
    value: 'FOLDER',
    describe: 'Work in this folder instead of the current one.',
  },
  quiet: { type: 'boolean', short: 'q', describe: 'No progress on stderr.' },
  help: { type: 'boolean', short: 'h', describe: 'Show help.' },
} satisfies Record<string, Flag>

export const stringFlag = (flags: FlagValues, name: string): string | undefined => {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

export const listFlag = (flags: FlagValues, name: string): readonly string[] => {
  const value = flags[name]
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}

/** Flags of another form of the command: what would be ignored is an error. */
export function refuseFlags(command: string, given: FlagValues, foreign: readonly string[]): void {
  const found = foreign.find((name) => given[name] !== undefined)
  if (found === undefined) return
  throw new UserError('USAGE_FLAG', `"${command}" has no option --${found}.`, {
    hint: `See "${command.split(' ').slice(0, 2).join(' ')} --help".`,
  })
}
