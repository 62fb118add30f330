import { findProject } from '../release/project.ts'
import { resumeRun } from '../release/run-release.ts'
import type { Command } from './command.ts'
import { endOfRun, interrupted } from './end-of-run.ts'
import { progress } from './progress.ts'

export const resume: Command = {
  name: 'resume',
  usage: '[VERSION]',
  describe: 'Goes on with a run after a crash, a reboot or Ctrl-C: the newest one that has not ended.',
  words: [0, 1],
  flags: {},
  async run({ words: [version], terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const observer = progress(terminal)
    try {
      return endOfRun(await resumeRun(version, { project, signal, observer }), terminal)
    } catch (error) {
      if (signal.aborted) return interrupted(terminal)
      throw error
    } finally {
      observer.end()
    }
  },
}
