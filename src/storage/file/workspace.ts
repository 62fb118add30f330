import { randomBytes } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolderDurably } from '../../lib/atomic-file.ts'
import { isAbsence } from './file-errors.ts'
import { lifeOf, ownIdentity, type ProcessIdentity } from './process-identity.ts'
import { unlinkIfThere } from './unlink.ts'

/** The one name at the root that is ours and no object's: locks, and files that are still being written. */
export const workspaceName = '.hawser-storage'

export interface Workspace {
  readonly locks: string
  /** A new name for a file that is moved into place when it is whole. */
  draft(): string
}

/** Makes the workspace and throws away what killed processes left in it. */
export async function openWorkspace(root: string): Promise<Workspace> {
  const locks = join(root, workspaceName)
  const drafts = join(locks, 'drafts')
  await makeFolderDurably(drafts)
  const self = ownIdentity()
  await sweep(drafts, self)
  return {
    locks,
    draft: () =>
      join(drafts, [self.world, self.pid, self.startedAt, randomBytes(8).toString('hex')].join('-')),
  }
}

const dayMs = 24 * 3600 * 1000

async function sweep(drafts: string, self: ProcessIdentity): Promise<void> {
  for (const name of await readdir(drafts)) {
    const [world, pid, startedAt] = name.split('-')
    if (world === undefined || startedAt === undefined) continue
    const path = join(drafts, name)
    const life = lifeOf({ ...self, world, pid: Number(pid), startedAt }, self)
    if (life === 'dead' || (life === 'unknown' && (await ageMs(path)) > dayMs)) await unlinkIfThere(path)
  }
}

async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs
  } catch (error) {
    if (isAbsence(error)) return 0
    throw error
  }
}

/** A new name in a folder is durable only when the folder itself was written. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
