import { exitCodes } from '../errors.ts'
import { initProject } from '../release/init-project.ts'
import type { Command } from './command.ts'

export const init: Command = {
  name: 'init',
  usage: '',
  describe: 'Looks at the project in this folder and writes a commented hawser.yaml. Never overwrites one.',
  words: [0, 0],
  flags: {},
  async run({ terminal, cwd, environment }) {
    const { path, notes } = await initProject(cwd, environment)
    if (terminal.json) terminal.print(JSON.stringify({ path, notes }))
    else terminal.print(`Wrote ${path}.`)
    for (const note of notes) terminal.note(`- ${note}`)
    terminal.note('Next: hawser check')
    return exitCodes.done
  },
}
