import { UserError } from '../errors.ts'
import type { Forge } from '../forge/forge.ts'

const words = {
  pullRequests: 'pull requests',
  statuses: 'statuses of commits',
  contents: 'files of commits',
  generatedNotes: 'notes of its own making',
} as const

/** A part of the forge that this step cannot do without. */
export function neededPart<Name extends keyof typeof words>(
  forge: Forge,
  name: Name,
  step: string,
): NonNullable<Forge[Name]> {
  const part = forge[name]
  if (part !== undefined) return part
  throw new UserError(
    'FORGE_PART',
    `The forge at ${forge.location} has no ${words[name]}, which "${step}" needs.`,
    {
      hint: 'Choose a forge that has them, or take the step out of the pipeline.',
    },
  )
}

/** The branch that was written, else the one that the forge says. */
export async function baseBranch(forge: Forge, written: string | undefined, step: string): Promise<string> {
  const branch = written ?? (await forge.defaultBranch?.())
  if (branch !== undefined) return branch
  throw new UserError(
    'BASE_UNKNOWN',
    `The forge at ${forge.location} does not say which branch is its main one.`,
    {
      hint: `Write the branch as "base" of the step "${step}".`,
    },
  )
}

/** The commit at the head of a branch that has to be there. */
export async function headOf(forge: Forge, branch: string): Promise<string> {
  const head = await forge.resolve(branch)
  if (head !== undefined) return head
  throw new UserError('BASE_ABSENT', `The forge at ${forge.location} has no branch "${branch}".`, {
    hint: 'Correct "base", or push the branch.',
  })
}

export const short = (commit: string): string => commit.slice(0, 12)
