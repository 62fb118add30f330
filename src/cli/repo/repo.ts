import { UserError } from '../../errors.ts'
import { findProject } from '../../release/project.ts'
import type { Command } from '../command.ts'
import { addVerbs } from './add-verbs.ts'
import { historyVerbs } from './history-verbs.ts'
import { readVerbs } from './read-verbs.ts'
import type { Verbs } from './verb.ts'

const verbs: Verbs = { ...readVerbs, ...addVerbs, ...historyVerbs }

/** What follows NAME, as the usage has it, and the flags that mean something: what would be ignored is an error. */
const takes: { readonly [verb: string]: { readonly words?: string; readonly flags?: readonly string[] } } = {
  add: { words: 'FILE-OR-FOLDER …' },
  remove: { words: 'PACKAGE …' },
  copy: { words: 'TO [PACKAGE …]' },
  promote: { words: 'TO [PACKAGE …]' },
  export: { words: 'FOLDER' },
  verify: { flags: ['deep'] },
  rollback: { flags: ['to'] },
  gc: { flags: ['keep', 'grace', 'dry-run'] },
}

export const repo: Command = {
  name: 'repo',
  usage: `${Object.keys(verbs).join('|')} NAME […]`,
  describe: 'Works on one package repository of hawser.yaml, without a release.',
  words: [2, Number.POSITIVE_INFINITY],
  flags: {
    deep: { type: 'boolean', describe: 'verify: read every package and compare its digest.' },
    to: { type: 'string', value: 'NUMBER', describe: 'rollback: the generation to go back to; see history.' },
    keep: { type: 'string', value: 'NUMBER', describe: 'gc: how many generations to keep. Without it: 10.' },
    grace: {
      type: 'string',
      value: 'DURATION',
      describe: 'gc: nothing younger is deleted, such as 1h or 7d. Without it: 1d.',
    },
    'dry-run': { type: 'boolean', describe: 'gc: only tell what would be deleted.' },
  },
  async run(input) {
    const [verb = '', name = '', ...words] = input.words
    const run = verbs[verb]
    if (run === undefined || !Object.hasOwn(verbs, verb)) {
      throw new UserError('USAGE_WORDS', `"hawser repo ${verb}" does not exist.`, {
        hint: `Verbs: ${Object.keys(verbs).join(', ')}.`,
      })
    }
    refuseIgnored(verb, words, Object.keys(input.flags))
    const { cwd, environment, signal, terminal } = input
    const project = await findProject({ cwd, environment })
    return run({ ...input, name, words, outside: { project, signal, log: terminal.note } })
  },
}

/** Somebody who writes `remove … --dry-run` must not find the packages removed. */
function refuseIgnored(verb: string, words: readonly string[], given: readonly string[]): void {
  const { words: wanted = '', flags = [] } = takes[verb] ?? {}
  const hint =
    `Usage: hawser repo ${verb} NAME ${wanted}`.trimEnd() + flags.map((flag) => ` [--${flag}]`).join('')
  const extra = wanted.includes('…') ? undefined : words[wanted === '' ? 0 : 1]
  if (extra !== undefined) {
    throw new UserError('USAGE_WORDS', `"hawser repo ${verb}" does not know what to do with "${extra}".`, {
      hint,
    })
  }
  const foreign = given.find((flag) => flag in repo.flags && !flags.includes(flag))
  if (foreign !== undefined) {
    throw new UserError('USAGE_FLAG', `"hawser repo ${verb}" has no option --${foreign}.`, { hint })
  }
}
