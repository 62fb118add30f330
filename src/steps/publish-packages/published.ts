import { UserError } from '../../errors.ts'
import type { Change } from '../../pipeline/step.ts'
import type { Conflict } from '../../repositories/compare-entries.ts'
import type { RepositoryFinding } from '../../repositories/repository-format.ts'

/** What is released already keeps its bytes. */
export function swapRefusal(repository: string, { wanted }: Conflict): Extract<Change, { kind: 'refuse' }> {
  const { name, version, architecture } = wanted
  return {
    kind: 'refuse',
    code: 'REPOSITORY_SWAP',
    message: `The repository "${repository}" already has ${name} ${version} for ${architecture} with other bytes.`,
    hint: 'Released bytes never change. Raise the build number in hawser.yaml, or release from the commit that they were built from.',
  }
}

export function repositoryBroken(repository: string, findings: readonly RepositoryFinding[]): UserError {
  return new UserError(
    'REPOSITORY_BROKEN',
    `The repository "${repository}" does not read back right (${findings.length} findings): ${findings[0]?.message}`,
    { hint: `Run "hawser repo verify ${repository}" for the whole list.` },
  )
}
