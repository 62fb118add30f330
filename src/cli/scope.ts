import { UserError } from '../errors.ts'
import { deciderOf } from '../release/decider.ts'
import type { ReleaseScope } from '../release/pipeline.ts'
import type { Project } from '../release/project.ts'
import { type Flag, type FlagValues, stringFlag } from './command.ts'

export const scopeFlags = {
  branch: {
    type: 'string',
    value: 'NAME',
    describe:
      'The branch that the release is of: it decides which environments are reached. Without it: that of the CI system, else the checkout.',
  },
  waive: {
    type: 'string',
    value: 'REASON',
    describe: 'Promote packages that no recorded test has passed; the reason and your name are recorded.',
  },
} satisfies Record<string, Flag>

/** What the flags say; who waives is who types the command. */
export async function scopeOf(
  flags: FlagValues,
  project: Project,
  signal: AbortSignal,
): Promise<ReleaseScope> {
  const reason = stringFlag(flags, 'waive')?.trim()
  if (reason === '') {
    throw new UserError('USAGE_FLAG', '--waive has no reason.', {
      hint: 'Write why packages are promoted without a test: --waive "tested by hand on 3 machines".',
    })
  }
  const branch = stringFlag(flags, 'branch')
  return {
    ...(branch !== undefined && { branch }),
    ...(reason !== undefined && { waiver: { reason, by: await deciderOf(project, signal) } }),
  }
}
