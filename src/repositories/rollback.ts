import { UserError } from '../errors.ts'
import { formKinds } from './append/index-state.ts'
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
    const { cause, date } = request
    const next = {
      base: { ...baseOf(target), sets: target.sets },
      cause: { ...cause, kind: 'rollback' as const, to: target.sequence },
      added: [],
      removed: [],
      date: wholeSeconds(date),
    }
    const isThere = state.generation !== undefined && sameBase(state.generation, target)
    if (!isThere) {
      await checkBodies(request, target)
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
  // What something else wrote names no generation of ours; what came before it is the last one that was noted.
  const from = state.ref ?? state.latest
  for await (const { generation } of generationsBack(storage, format.folder, from, signal)) {
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

/** Indexes of a generation stay until it is garbage, but other tools delete what they do not know. */
async function checkBodies(
  { storage, format, signal }: RollbackRequest,
  { indexes, sequence }: Generation,
): Promise<void> {
  for (const [index, { forms }] of Object.entries(indexes)) {
    for (const kind of formKinds) {
      const form = forms[kind]
      if (form === undefined) continue
      for (const path of format.bodyPaths(index, kind, form.digests)) {
        const stored = await storage.head(path, { signal })
        if (stored?.sizeBytes !== form.sizeBytes) throw bodyGoneError(path, sequence, storage.location)
      }
    }
  }
}

const bodyGoneError = (path: string, sequence: number, location: string): UserError =>
  new UserError(
    'REPOSITORY_INDEX_GONE',
    `Generation ${sequence} needs ${path}, which is not in ${location} as it was published: something else deleted or changed it.`,
    {
      hint:
        'Restore that file, or roll back to another generation. To go on from what is there, index all packages again with ' +
        'the tool that wrote last, or publish with "adopt: true".',
    },
  )
