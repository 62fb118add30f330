import { findProject } from '../release/project.ts'
import { resumeRun } from '../release/run-release.ts'
import type { Command } from './command.ts'
import { endOfRun, interrupted } from './end-of-run.ts'
import { waitFlag, waitsForPeople } from './gates.ts'
import { progress } from './progress.ts'

export const resume: Command = {
  name: 'resume',
  usage: '[VERSION]',
  describe: 'Goes on with a run after a crash, a reboot or Ctrl-C: the newest one that has not ended.',
  words: [0, 1],
  flags: waitFlag,
  async run({ words: [version], flags, terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const observer = progress(terminal)
    try {
      const request = { project, signal, observer, ...waitsForPeople(flags) }
      return endOfRun(await resumeRun(version, request), terminal)
    } catch (error) {
      if (signal.aborted) return interrupted(terminal)
      throw error
    } finally {
      observer.end()
    }
  },
}
