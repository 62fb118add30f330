import { exitCodes } from '../errors.ts'
import { nextVersion } from '../release/next-version.ts'
import { findProject } from '../release/project.ts'
import type { Command } from './command.ts'
import { inputFlags, inputsOf } from './inputs.ts'

export const next: Command = {
  name: 'next',
  usage: '[UPSTREAM]',
  describe:
    'Says which version comes next: the pinned upstream version, and the first build number that neither a repository nor a tag has.',
  words: [0, 1],
  flags: inputFlags,
  async run({ words: [upstream], flags, terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const request = { project, signal, log: terminal.note, inputs: inputsOf(flags) }
    const found = await nextVersion(upstream, request)
    if (terminal.json) terminal.print(JSON.stringify(found, null, 2))
    else terminal.print(found.version)
    terminal.note(`Because ${found.because}.`)
    return exitCodes.done
  },
}
