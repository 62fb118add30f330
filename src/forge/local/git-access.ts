import type { GitAnswer, GitOptions } from '../../lib/git.ts'
import { runGit } from '../../lib/git.ts'

/** git in the forge's repository. */
export interface GitAccess {
  readonly options: GitOptions
  run(args: readonly string[], change?: Partial<GitOptions>): Promise<GitAnswer>
}

export function gitAccess(options: GitOptions): GitAccess {
  return { options, run: (args, change = {}) => runGit(args, { ...options, ...change }) }
}
