import { runBumpComponent } from './bump-component.ts'
import { consumerFlags, runBumpConsumer } from './bump-consumer.ts'
import { type Command, type CommandInput, refuseFlags } from './command.ts'
import { inputFlags } from './inputs.ts'

export const bump: Command = {
  name: 'bump',
  usage: 'component NAME VERSION | [VERSION|next] [CONSUMER]',
  describe:
    'Pins another version of a component (downloads it, checks it with what its publisher says, and rewrites hawser.yaml); or shows, makes and checks the edits that bring consumers to a version of the packages.',
  words: [0, 3],
  flags: { ...inputFlags, ...consumerFlags },
  async run(input: CommandInput) {
    if (input.words[0] !== 'component') return runBumpConsumer(input)
    refuseFlags('hawser bump component', input.flags, Object.keys(consumerFlags))
    return runBumpComponent(input)
  },
}
