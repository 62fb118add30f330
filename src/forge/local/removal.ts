import { randomUUID } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, fileSystemError } from '../../lib/atomic-file.ts'
import type { Removal } from '../forge-parts.ts'
import { checkAssetName, checkTagName } from '../names.ts'
import type { GitAccess } from './git-access.ts'
import { immutable, readPublished, releaseFolder } from './release-folder.ts'
import { findRemoteTag } from './remote-tags.ts'
import { findLocalTag } from './tags.ts'

/** Begins with a dot, so that it is no release any more. */
const removedPrefix = '.removed-'

/** Nothing is removed half: a release's folder goes away in one rename, and its files after that. */
export function localRemoval(releases: string, git: GitAccess, remote: string | undefined): Removal {
  return {
    async deleteRelease(tag) {
      const { path } = releaseFolder(releases, tag)
      try {
        await rename(path, join(releases, `${removedPrefix}${randomUUID()}`))
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw fileSystemError(error, 'remove', path)
      }
      await removeLeftovers(releases)
    },
    async deleteTag(tag) {
      checkTagName(tag)
      const reference = `refs/tags/${tag}`
      if (remote !== undefined && (await findRemoteTag(tag, remote, git)) !== undefined) {
        await git.run(['push', '--quiet', '--no-verify', '--end-of-options', remote, `:${reference}`])
      }
      if ((await findLocalTag(tag, git)) !== undefined) await git.run(['update-ref', '-d', reference])
    },
    async deleteAsset(tag, name) {
      checkAssetName(name)
      const folder = releaseFolder(releases, tag)
      if ((await readPublished(folder)) !== undefined) throw immutable(tag, `"${name}" cannot be removed`)
      await rm(join(folder.assets, name), { force: true })
    },
  }
}

/** Also those of a removal that was killed. */
async function removeLeftovers(releases: string): Promise<void> {
  try {
    for (const name of await readdir(releases)) {
      if (name.startsWith(removedPrefix)) await rm(join(releases, name), { recursive: true, force: true })
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileSystemError(error, 'remove', releases)
  }
}
