import { exitCodes } from '../errors.ts'
import { initProject, initWithCi } from '../release/init-project.ts'
import { type Command, stringFlag } from './command.ts'

export const init: Command = {
  name: 'init',
  usage: '',
  describe: 'Looks at the project in this folder and writes a commented hawser.yaml. Never overwrites one.',
  words: [0, 0],
  flags: {
    ci: {
      type: 'string',
      value: 'SYSTEM',
      describe: 'Also write the file that lets this CI system release the project: github.',
    },
  },
  async run({ flags, terminal, cwd, environment }) {
    const ci = stringFlag(flags, 'ci')
    const written =
      ci === undefined ? [await initProject(cwd, environment)] : await initWithCi(ci, cwd, environment)
    for (const { path, notes } of written) {
      if (terminal.json) terminal.print(JSON.stringify({ path, notes }))
      else terminal.print(`Wrote ${path}.`)
      for (const note of notes) terminal.note(`- ${note}`)
    }
    terminal.note('Next: hawser check')
    return exitCodes.done
  },
}
