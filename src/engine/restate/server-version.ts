import { readFile, writeFile } from 'node:fs/promises'
import { UserError } from '../../errors.ts'

/** A server must not open what a newer one has written. Records the version of today. */
export async function guardVersion(path: string, version: string): Promise<void> {
  const before = await recorded(path)
  if (before !== undefined && isNewer(before, version)) {
    throw new UserError(
      'ENGINE_DOWNGRADE',
      `The engine's state was written by ${before}; this Hawser has ${version}.`,
      {
        hint: 'Use the newer Hawser, or move the folder ".hawser/engine" away: what is already true will be found again.',
      },
    )
  }
  if (before !== version) await writeFile(path, version, { mode: 0o600 })
}

async function recorded(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Patches can be exchanged freely; minor versions change formats. */
function isNewer(before: string, now: string): boolean {
  const [majorBefore = 0, minorBefore = 0] = before.split('.').map(Number)
  const [majorNow = 0, minorNow = 0] = now.split('.').map(Number)
  return majorBefore > majorNow || (majorBefore === majorNow && minorBefore > minorNow)
}
