import { UserError } from '../errors.ts'
import { allowedEnvironment, type ChildResult, runChild } from '../lib/child.ts'
import type { ResolverContext } from './install-resolver.ts'

const timeoutMs = 10 * 60_000
const outputBytesMax = 64 << 20

export interface ProgramOptions {
  readonly variables?: { readonly [name: string]: string }
  readonly input?: string | Uint8Array
}

/** What a program said, whatever it was. Undefined: it is not on this machine. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { folder, environment, signal }: ResolverContext,
  { variables = {}, input }: ProgramOptions = {},
): Promise<(ChildResult & { readonly code: number }) | undefined> {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = allowedEnvironment(environment)
  const result = await runChild(program, args, {
    cwd: folder,
    // Nothing of the reader's: settings in a home folder would change the answers.
    environment: { PATH, HOME: folder, TMPDIR: folder, LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8', ...variables },
    timeoutMs,
    outputBytesMax,
    signal,
    ...(input !== undefined && { input }),
  })
  const { end } = result
  if (end.kind === 'exit') return { ...result, code: end.code }
  if (end.kind === 'not started' && end.error.code === 'ENOENT') return undefined
  const why =
    end.kind === 'timeout'
      ? `did not end within ${timeoutMs / 60_000} minutes`
      : `could not be used (${end.kind === 'signal' ? end.signal : end.kind})`
  throw new UserError('INSTALLS_PROGRAM', `"${program}" ${why}.`, {
    hint: 'Run it by hand on this machine, and repair what it says.',
  })
}

/** For a program that must succeed because only our own files are in its hands. */
export const programFailed = (program: string, said: string): UserError =>
  new UserError('INSTALLS_PROGRAM', `"${program}" failed: ${linesOf(said).slice(0, 10).join(' ')}`, {
    hint: 'Nothing was tried. Run the program by hand on this machine, and repair what it says.',
  })

export const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
