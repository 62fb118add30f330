import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UserError } from '../errors.ts'
import { closest } from '../lib/closest.ts'
import { type Command, commonFlags, type FlagValues } from './command.ts'
import type { CommandEntry } from './commands.ts'

/** Finds the command that the arguments name; its own arguments are what follows. */
export function findCommand(entries: readonly CommandEntry[], name: string): CommandEntry {
  const found = entries.find((entry) => entry.name === name)
  if (found !== undefined) return found
  const names = entries.map((entry) => entry.name)
  const similar = closest(name, names)
  throw new UserError('USAGE_UNKNOWN_COMMAND', `There is no command "${name}".`, {
    hint: similar === undefined ? `Commands: ${names.join(', ')}.` : `Did you mean "hawser ${similar}"?`,
  })
}

export function parseCommand(
  command: Command,
  args: readonly string[],
): { words: string[]; flags: FlagValues } {
  const options = { ...command.flags, ...commonFlags }
  const parsed = parse({ args: [...args], options, allowPositionals: true, strict: true }, command)
  const [fewest, most] = command.words
  const words = parsed.positionals
  if (parsed.values['help'] !== true && (words.length < fewest || words.length > most)) {
    throw new UserError(
      'USAGE_WORDS',
      words.length < fewest
        ? `"hawser ${command.name}" needs ${command.usage}.`
        : `"hawser ${command.name}" does not know what to do with "${words[most]}".`,
      { hint: `Usage: hawser ${command.name} ${command.usage}`.trimEnd() },
    )
  }
  return { words, flags: parsed.values }
}

function parse(config: ParseArgsConfig, command: Command) {
  try {
    return parseArgs(config)
  } catch (error) {
    const written = config.args?.find((word) => isUnknownFlag(word, Object.keys(config.options ?? {})))
    const similar =
      written === undefined
        ? undefined
        : closest(written.replace(/^--?/, ''), Object.keys(config.options ?? {}))
    throw new UserError('USAGE_FLAG', firstSentence(error), {
      hint: similar === undefined ? `See "hawser ${command.name} --help".` : `Did you mean --${similar}?`,
      cause: error,
    })
  }
}

const isUnknownFlag = (word: string, known: readonly string[]): boolean =>
  word.startsWith('--') && !known.includes(word.slice(2).replace(/=.*/, ''))

/** parseArgs appends advice about `--` that does not fit our commands. */
const firstSentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\. .*$/s, '.').replace(/([^.])$/, '$1.')
