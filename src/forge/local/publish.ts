import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { codeOf } from '../../lib/atomic-file.ts'
import type { Tag } from '../forge.ts'
import { listDraftAssets } from './assets.ts'
import {
  createRecord,
  noRelease,
  type PublishedRelease,
  type ReleaseFolder,
  readDraft,
  readPublished,
} from './release-folder.ts'
import { sameCommit } from './tags.ts'

/** One new file turns the draft into the release; of two who publish, the first one's list of assets counts for both. */
export async function publishDraft(
  folder: ReleaseFolder,
  tag: string,
  findTag: () => Promise<Tag | undefined>,
): Promise<void> {
  let published = await readPublished(folder)
  if (published === undefined) {
    const draft = await readDraft(folder)
    if (draft === undefined) throw noRelease(tag)
    const found = await findTag()
    if (found === undefined) throw noTag(tag)
    sameCommit(found, draft.commit)
    const assets = await listDraftAssets(folder)
    try {
      await createRecord(folder, folder.releaseFile, { ...draft, assets })
    } catch (error) {
      // Somebody else published, and tidied up under our feet.
      if ((await readPublished(folder)) === undefined) throw error
    }
    published = await readPublished(folder)
  }
  if (published === undefined) throw new Error(`The release ${tag} vanished after it was published`)
  await tidy(folder, published)
}

function noTag(tag: string): UserError {
  return new UserError('TAG_NOT_FOUND', `The release "${tag}" cannot be published: the tag does not exist.`, {
    hint: 'Create the tag first: "hawser release" does.',
  })
}

/** Removes what killed and late uploads left; it belongs to no release. Repeated by every later publish. */
async function tidy(folder: ReleaseFolder, published: PublishedRelease): Promise<void> {
  // A late upload may put a file there at this moment.
  await rm(folder.incoming, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  const listed = new Set(published.assets.map(({ name }) => name))
  for (const name of await namesIn(folder.assets)) {
    if (!listed.has(name)) await rm(join(folder.assets, name), { force: true })
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
