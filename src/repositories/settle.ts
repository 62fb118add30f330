import { TransientError } from '../errors.ts'
import type { ObjectVersion } from '../storage/storage.ts'
import type { OpenRepository } from './open-state.ts'
import { uncheckedError } from './open-state.ts'
import type { Companion, Upload } from './repository-format.ts'
import { isStored, writeCompanions } from './upload.ts'

const roundsMax = 1000

/**
 * Brings everything that repeats the entry under overwritten names in line with the entry that stands now. Whoever
 * writes last looks last, so after racing or interrupted publishers the companions agree with the winner.
 * `trusted` is the version of the entry that the caller wrote or checked.
 */
export async function settle(
  repository: OpenRepository & { readonly client: readonly Upload[] },
  trusted: ObjectVersion | undefined,
  signal: AbortSignal,
): Promise<ObjectVersion> {
  const { format, storage, signers, verifier, client } = repository
  let settled: ObjectVersion | undefined
  for (let round = 0; round < roundsMax; round++) {
    const entry = await format.readEntry(storage, { verifier, signal })
    if (entry?.version === undefined) throw new Error('The entry vanished after it was published')
    // Nobody came in between, so what was written for it stands.
    if (entry.version === settled) return settled
    // Companions are signed too: never sign what somebody else put there in the meantime.
    const isVouched = signers.length === 0 || entry.signature.status === 'verified'
    if (!isVouched && entry.version !== trusted) throw uncheckedError(storage)
    const stale: Companion[] = [
      ...(await format.staleCompanions(storage, entry, { signers, verifier, signal })),
    ]
    const areStored = await Promise.all(client.map((upload) => isStored(storage, upload, signal)))
    stale.push(...client.filter((_, index) => areStored[index] === false))
    if (stale.length === 0) return entry.version
    await writeCompanions(storage, stale, signal)
    settled = entry.version
  }
  throw new TransientError(
    'REPOSITORY_BUSY',
    `Others keep changing ${storage.location}: its companion files do not come to agree with the entry.`,
    { hint: 'The packages are published. Run it again when fewer publishers are at work.' },
  )
}
