import { UserError } from '../../errors.ts'
import { findProject } from '../../release/project.ts'
import type { Command } from '../command.ts'
import { addVerbs } from './add-verbs.ts'
import { historyVerbs } from './history-verbs.ts'
import { readVerbs } from './read-verbs.ts'
import type { Verbs } from './verb.ts'

const verbs: Verbs = { ...readVerbs, ...addVerbs, ...historyVerbs }

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
    const { cwd, environment, signal, terminal } = input
    const project = await findProject({ cwd, environment })
    return run({ ...input, name, words, outside: { project, signal, log: terminal.note } })
  },
}
