import { UserError } from '../errors.ts'
import { runGit } from '../lib/git.ts'
import type { Project } from './project.ts'

/**
 * The branch that a run is of: what the command says, else the CI system, else the checkout. Undefined where none of them
 * knows one, as at a tag.
 */
export async function branchOf(
  { root, environment }: Project,
  written: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (written !== undefined) return checked(written)
  const ofCi = ciBranch(environment)
  if (ofCi !== undefined) return ofCi
  const head = await runGit(['symbolic-ref', '--quiet', '--short', 'HEAD'], {
    ...{ cwd: root, environment, signal },
    answers: [1, 128],
  })
  return head.exitCode === 0 && head.text !== '' ? head.text : undefined
}

function checked(branch: string): string {
  if (branch !== '' && !/[\p{Cc} ~^:?*[\\]/u.test(branch)) return branch
  throw new UserError('USAGE_FLAG', `--branch is "${branch}", which is not the name of a branch.`, {
    hint: 'Write the branch as git shows it, such as main.',
  })
}

/** CI systems check out a commit, not a branch. */
function ciBranch(environment: Project['environment']): string | undefined {
  const { GITHUB_ACTIONS, GITHUB_REF_TYPE, GITHUB_REF_NAME } = environment
  return GITHUB_ACTIONS === 'true' && GITHUB_REF_TYPE === 'branch' ? GITHUB_REF_NAME : undefined
}
