import { nextVersion } from '../release/next-version.ts'
import type { Project } from '../release/project.ts'
import { type CommandInput, stringFlag } from './command.ts'
import { inputsOf } from './inputs.ts'

/** What VERSION stands for: itself, or for `next` the version that comes next; which one, and why, is told on stderr. */
export async function versionOf(
  word: string,
  {
    project,
    flags,
    terminal,
    signal,
  }: Pick<CommandInput, 'flags' | 'terminal' | 'signal'> & { project: Project },
): Promise<string> {
  if (word !== 'next') return word
  const branch = stringFlag(flags, 'branch')
  const request = { project, signal, log: terminal.note, inputs: inputsOf(flags), branch }
  const { version, because } = await nextVersion(undefined, request)
  terminal.note(`The next version is ${version}: ${because}.`)
  return version
}
