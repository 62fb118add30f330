import { UserError } from '../errors.ts'
import { withoutTwins } from './compare-entries.ts'
import { type OpenRepository, readTrustedState } from './open-state.ts'
import { type PublishRequest, type PublishResult, publishAdditions } from './publish.ts'
import { absentError } from './refresh.ts'
import type { Addition, PackageEntry } from './repository-format.ts'

export interface CopyRequest {
  readonly from: OpenRepository & { readonly name: string }
  readonly to: Omit<PublishRequest, 'additions'>
  readonly wanted: (entry: PackageEntry) => boolean
  /** Called when all packages have been seen and before anything is written; may throw. */
  readonly confirm?: () => void
}

/**
 * Publishes packages of one repository in another: the same bytes by digest, copied inside the storage where it can, and
 * what the indexes say of them taken over. Nothing is built or signed anew but the target's entry.
 */
export async function copyPackages({ from, to, wanted, confirm }: CopyRequest): Promise<PublishResult> {
  const signal = to.signal ?? new AbortController().signal
  if (from.format.packageFormat !== to.format.packageFormat) {
    throw new UserError(
      'REPOSITORY_WRONG_FORMAT',
      `"${from.name}" holds ${from.format.packageFormat} packages, and "${to.name}" holds ${to.format.packageFormat} packages.`,
      { hint: 'Copy between repositories of the same format.' },
    )
  }
  const { entry } = await readTrustedState(from)
  if (entry === undefined) throw absentError(from.storage.location)
  const additions: Addition[] = []
  const { verifier } = from
  for await (const addition of to.format.exportAdditions({ storage: from.storage, entry }, wanted, {
    verifier,
    signal,
  })) {
    additions.push(addition)
  }
  confirm?.()
  const cause = { ...to.cause, from: from.name }
  return publishAdditions({ ...to, cause }, withoutTwins(additions), 'copy', signal)
}
