import { UserError } from '../errors.ts'
import { runBumpComponent } from './bump-component.ts'
import type { Command } from './command.ts'
import { inputFlags } from './inputs.ts'

export const bump: Command = {
  name: 'bump',
  usage: 'component NAME VERSION',
  describe:
    'Pins another version of a component: downloads it, checks it with what its publisher says, and rewrites hawser.yaml.',
  words: [1, 3],
  flags: inputFlags,
  async run(input) {
    const [what] = input.words
    if (what === 'component') return runBumpComponent(input)
    throw new UserError('USAGE_WORDS', `"hawser bump" does not know what to do with "${what}".`, {
      hint: 'Usage: hawser bump component NAME VERSION',
    })
  },
}
