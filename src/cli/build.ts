import { exitCodes } from '../errors.ts'
import { exitCodeOf } from '../pipeline/run-exit.ts'
import { buildArtifacts } from '../release/build-artifacts.ts'
import { findProject } from '../release/project.ts'
import type { Command } from './command.ts'
import { endOfRun, interrupted } from './end-of-run.ts'
import { inputFlags, inputsOf } from './inputs.ts'
import { progress } from './progress.ts'
import { versionOf } from './version-word.ts'

export const build: Command = {
  name: 'build',
  usage: 'VERSION|next',
  describe: 'Builds the artifacts of a release into dist/VERSION, and nothing else.',
  words: [1, 1],
  flags: inputFlags,
  async run({ words: [word = ''], flags, terminal, environment, cwd, signal }) {
    const project = await findProject({ cwd, environment })
    const version = await versionOf(word, { project, flags, terminal, signal })
    const observer = progress(terminal)
    try {
      const { run, artifacts } = await buildArtifacts({
        project,
        version,
        inputs: inputsOf(flags),
        signal,
        observer,
      })
      if (exitCodeOf(run) !== exitCodes.done) return endOfRun(run, terminal)
      if (terminal.json) terminal.print(JSON.stringify(artifacts, null, 2))
      else for (const { name, digest } of artifacts) terminal.print(`${digest}  dist/${version}/${name}`)
      return exitCodes.done
    } catch (error) {
      if (signal.aborted) return interrupted(terminal)
      throw error
    } finally {
      observer.end()
    }
  },
}
