import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
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
  for (const name of await unlisted(folder, published)) await rm(join(folder.assets, name), { force: true })
}

/** False when a publisher was killed before it had tidied up, or an upload came late. */
export async function isTidy(folder: ReleaseFolder): Promise<boolean> {
  const published = await readPublished(folder)
  if (published === undefined) return true
  const names = await namesIn(folder.path)
  return !names.includes(basename(folder.incoming)) && (await unlisted(folder, published)).length === 0
}

async function unlisted(folder: ReleaseFolder, { assets }: PublishedRelease): Promise<readonly string[]> {
  const listed = new Set(assets.map(({ name }) => name))
  return (await namesIn(folder.assets)).filter((name) => !listed.has(name))
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
