import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { commandHelp, overview } from './help.ts'
import { findCommand, parseCommand } from './parse.ts'

const sample: Command = {
  name: 'sample',
  usage: 'VERSION',
  describe: 'A sample.',
  words: [1, 1],
  flags: { out: { type: 'string', short: 'o', value: 'FILE', describe: 'Where to.' } },
  run: async () => 0,
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return failureText(error)
  }
  return 'not refused'
}

test('words and flags are told apart', () => {
  const parsed = parseCommand(sample, ['1.0.0', '-o', 'plan.json', '--json'])

  expect(parsed.words).toEqual(['1.0.0'])
  expect(parsed.flags).toEqual({ out: 'plan.json', json: true })
})

describe('wrong usage gets a text that says what to do', () => {
  test.each<[string, () => unknown]>([
    ['usage-unknown-command', () => findCommand(commands, 'relaese')],
    ['usage-no-such-command', () => findCommand(commands, 'deploy')],
    ['usage-missing-word', () => parseCommand(sample, [])],
    ['usage-extra-word', () => parseCommand(sample, ['1.0.0', 'now'])],
    ['usage-unknown-flag', () => parseCommand(sample, ['1.0.0', '--otu', 'x'])],
    ['usage-flag-without-value', () => parseCommand(sample, ['1.0.0', '--out'])],
  ])('%s', async (name, run) => {
    await expect(refusal(run)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})

test('the overview names every command, and every command knows its own name and help', async () => {
  const text = overview(commands)
  for (const entry of commands) {
    expect(text).toContain(`  ${entry.name} `)
    const command = await entry.load()
    expect(command.name).toBe(entry.name)
    expect(commandHelp(command)).toContain('--json')
  }
})
