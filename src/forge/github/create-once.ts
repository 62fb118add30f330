import { TransientError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { GitHubError } from './errors.ts'

/**
 * Creates what the caller has looked for and not found. After a lost answer it looks before it creates again; `look` must
 * be patient where lists lag behind.
 */
export async function createOnce<Found>(
  connection: Connection,
  look: () => Promise<Found | undefined>,
  create: () => Promise<Found>,
): Promise<Found> {
  let isRepeated = false
  return connection.retrying(async () => {
    if (isRepeated) {
      const found = await look()
      if (found !== undefined) return found
    }
    isRepeated = true
    try {
      return await create()
    } catch (error) {
      if (!(error instanceof GitHubError) || !error.isThere) throw error
      // Somebody was faster, or it was us and the answer was lost.
      const found = await look()
      if (found !== undefined) return found
      throw notYetSeen(error)
    }
  })
}

function notYetSeen(error: GitHubError): TransientError {
  return new TransientError('GITHUB_NOT_YET_SEEN', `${error.message} It is not in GitHub's answers yet.`, {
    cause: error,
  })
}

/** Looks again and again for what may have been done: lists of GitHub lag behind by seconds. */
export async function lookPatiently<Found>(
  { edge, signal }: Connection,
  look: () => Promise<Found | undefined>,
  delaysMs: readonly number[] = [0, 500, 1000, 2000, 4000],
): Promise<Found | undefined> {
  for (const delayMs of delaysMs) {
    if (delayMs > 0) await edge.wait(delayMs, signal)
    const found = await look()
    if (found !== undefined) return found
  }
  return undefined
}
