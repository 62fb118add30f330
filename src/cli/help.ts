import { type Command, commonFlags, type Flag } from './command.ts'
import type { CommandEntry } from './commands.ts'

export function overview(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Hawser takes software from "merged" to "in users\' hands", and can prove what it did.',
    '',
    'Usage: hawser COMMAND …',
    '',
    ...commands.map(({ name, describe }) => `  ${name.padEnd(width)}  ${describe}`),
    '',
    'Every command knows --json, --project FOLDER, --quiet and --help.',
    'Exit codes: 0 done, 1 failed, 2 repair something first, 3 waiting, 4 rejected, 5 refused by policy, 70 our bug.',
  ].join('\n')
}

export function commandHelp(command: Command): string {
  const flags = Object.entries<Flag>({ ...command.flags, ...commonFlags }).map(
    ([name, flag]) => [flagUsage(name, flag), flag.describe] as const,
  )
  const width = Math.max(...flags.map(([usage]) => usage.length))
  return [
    `Usage: hawser ${command.name} ${command.usage}`.trimEnd(),
    '',
    command.describe,
    '',
    ...flags.map(([usage, describe]) => `  ${usage.padEnd(width)}  ${describe}`),
  ].join('\n')
}

function flagUsage(name: string, flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `
  return `${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`
}
