import { hostname, userInfo } from 'node:os'
import { runGit } from '../lib/git.ts'
import type { Project } from './project.ts'

/** Who types this command, for records: the account of the CI system, else git's user and the one of the machine. */
export async function deciderOf({ root, environment }: Project, signal: AbortSignal): Promise<string> {
  const ofCi = ciAccount(environment)
  if (ofCi !== undefined) return ofCi
  const setting = async (name: string): Promise<string> =>
    (await runGit(['config', '--get', name], { cwd: root, environment, signal, answers: [1] })).text
  const [name, mail] = [await setting('user.name'), await setting('user.email')]
  const machine = `${accountName(environment)} on ${hostname()}`
  // git believes whatever it is told; the account is what the machine knows.
  return name === '' ? machine : `${name}${mail === '' ? '' : ` <${mail}>`} (${machine})`
}

function ciAccount(environment: Project['environment']): string | undefined {
  const { GITHUB_ACTIONS, GITHUB_ACTOR, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = environment
  if (GITHUB_ACTIONS !== 'true' || GITHUB_ACTOR === undefined) return undefined
  return `@${GITHUB_ACTOR} (${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID})`
}

/** A container may run as a number that has no name. */
function accountName({ USER }: Project['environment']): string {
  try {
    return userInfo().username
  } catch (error) {
    if (error instanceof Error && 'code' in error) return USER ?? `user ${process.getuid?.()}`
    throw error
  }
}
