import { exitCodes } from '../errors.ts'
import { findProject } from '../release/project.ts'
import { cancelRun } from '../release/run-release.ts'
import { type Command, stringFlag } from './command.ts'
import { endOfRun } from './end-of-run.ts'
import { progress } from './progress.ts'

export const cancel: Command = {
  name: 'cancel',
  usage: '[VERSION]',
  describe: 'Stops a run. What it did stays and is recorded; a later release of the version builds on it.',
  words: [0, 1],
  flags: { reason: { type: 'string', value: 'TEXT', describe: 'Why; kept with the run.' } },
  async run({ words: [version], flags, terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const observer = progress(terminal)
    const reason = stringFlag(flags, 'reason') ?? 'cancelled on the command line'
    try {
      const run = await cancelRun(version, reason, { project, signal, observer })
      endOfRun(run, terminal)
      return run.status === 'cancelled' ? exitCodes.done : exitCodes.failed
    } finally {
      observer.end()
    }
  },
}
