import { UserError } from '../errors.ts'
import { clientUploads } from './client-files.ts'
import { commitGeneration } from './commit.ts'
import { openState } from './open-state.ts'
import { baseToExtend, type PublishRequest, racing, wholeSeconds } from './publish.ts'
import { settle } from './settle.ts'

/**
 * Signs the entry anew with the present date and keys, with the same indexes: for suites whose index expires
 * (Valid-Until), and after a change of keys or of what the entry says of the repository. Repairs companions, too.
 */
export async function refreshRepository(request: Omit<PublishRequest, 'additions'>): Promise<void> {
  const signal = request.signal ?? new AbortController().signal
  const client = clientUploads(request)
  await racing(request, signal, async () => {
    const state = await openState(request)
    const { storage, cause, date } = request
    if (state.entry === undefined) throw absentError(storage.location)
    const base = await baseToExtend(request, state, signal)
    const kind = state.generation === undefined ? ('adopt' as const) : ('refresh' as const)
    const next = { base, cause: { ...cause, kind }, added: [], removed: [], date: wholeSeconds(date) }
    const committed = await commitGeneration({ ...request, state, next, additions: [], staged: [] }, signal)
    if (committed === undefined) return undefined
    return settle({ ...request, client }, committed.version, signal)
  })
}

export const absentError = (location: string): UserError =>
  new UserError('REPOSITORY_ABSENT', `There is no repository in ${location}.`, {
    hint: 'Make it with "hawser repo init NAME", or check the storage in hawser.yaml.',
  })
