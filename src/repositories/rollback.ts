import { UserError } from '../errors.ts'
import { baseOf } from './base.ts'
import { clientUploads } from './client-files.ts'
import { commitGeneration } from './commit.ts'
import type { Generation } from './generation.ts'
import { generationsBack } from './history.ts'
import { openState, type RepositoryState } from './open-state.ts'
import { type PublishRequest, racing, wholeSeconds } from './publish.ts'
import { absentError } from './refresh.ts'
import { settle } from './settle.ts'

export interface RollbackRequest extends Omit<PublishRequest, 'additions'> {
  /** Sequence number of the generation to go back to. */
  readonly to: number
}

/**
 * Makes readers see an earlier generation again: a new entry file that names the old indexes. Nothing is deleted, so the
 * packages that came later are still there, and a rollback can be rolled back.
 */
export async function rollbackRepository(request: RollbackRequest): Promise<Generation> {
  const signal = request.signal ?? new AbortController().signal
  const client = clientUploads(request)
  return racing(request, signal, async () => {
    const state = await openState(request)
    if (state.entry === undefined) throw absentError(request.storage.location)
    const target = await targetOf(request, state)
    if (state.generation === undefined) throw new Error('A target without a generation')
    const { cause, date } = request
    const next = {
      base: { ...baseOf(target), sets: target.sets },
      cause: { ...cause, kind: 'rollback' as const, to: target.sequence },
      added: [],
      removed: [],
      date: wholeSeconds(date),
    }
    const isThere = sameBase(state.generation, target)
    if (!isThere) {
      const committed = await commitGeneration({ ...request, state, next, additions: [], staged: [] }, signal)
      if (committed === undefined) return undefined
      await settle({ ...request, client }, committed.version, signal)
    }
    return target
  })
}

const sameBase = (a: Generation, b: Generation): boolean =>
  JSON.stringify([a.indexes, a.lookup]) === JSON.stringify([b.indexes, b.lookup])

async function targetOf(request: RollbackRequest, state: RepositoryState): Promise<Generation> {
  const { storage, format, to, signal } = request
  for await (const { generation } of generationsBack(storage, format.folder, state.ref, signal)) {
    if (generation === undefined) break
    if (generation.sequence === to) return generation
    if (generation.sequence < to) break
  }
  throw new UserError(
    'REPOSITORY_NO_GENERATION',
    `There is no generation ${to} in the history of the repository in ${storage.location}.`,
    { hint: 'Run "hawser repo history" for what there is; "hawser repo gc" deletes old ones.' },
  )
}
