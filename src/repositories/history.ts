import type { Storage } from '../storage/storage.ts'
import { type Generation, type GenerationRef, readGeneration } from './generation.ts'
import { type OpenRepository, openState } from './open-state.ts'
import { absentError } from './refresh.ts'

export interface HistoryItem {
  readonly ref: GenerationRef
  /** Undefined: the record is gone, as after `gc`; the history ends here. */
  readonly generation: Generation | undefined
}

/** The generations of a repository, the newest first. Each names the one before it by digest, so nothing can be slipped in. */
export async function* generationsBack(
  storage: Storage,
  folder: string,
  from: GenerationRef | undefined,
  signal?: AbortSignal,
): AsyncGenerator<HistoryItem> {
  let ref = from
  while (ref !== undefined) {
    const generation = await readGeneration(storage, folder, ref, signal)
    yield { ref, generation }
    ref = generation === undefined ? undefined : beforeOf(generation)
  }
}

/** Where a generation's predecessor is. */
const beforeOf = ({ previous }: Generation): GenerationRef | undefined => previous ?? undefined

/** Who published what, the newest first. */
export async function repositoryHistory(repository: OpenRepository): Promise<readonly HistoryItem[]> {
  const { storage, format, signal } = repository
  const { entry, ref, latest } = await openState(repository)
  if (entry === undefined && latest === undefined) throw absentError(storage.location)
  const items: HistoryItem[] = []
  for await (const item of generationsBack(storage, format.folder, ref ?? latest, signal)) items.push(item)
  return items
}
