import { link, open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { Refusal, UserError } from '../../errors.ts'
import {
  closing,
  codeOf,
  fileSystemError,
  makeFolderDurably,
  removeQuietly,
  syncFolder,
  temporaryPathFor,
} from '../../lib/atomic-file.ts'
import { type Digest, isDigest } from '../../lib/digest.ts'
import type { NewRelease } from '../forge.ts'
import { checkTagName } from '../names.ts'

/**
 * One folder for each release. Every file in it appears whole, once, and never changes (link of a synced file), so
 * nobody needs a lock: `draft.json` is the draft, `assets/NAME` an asset of it, and `release.json`, which lists the
 * assets, is the published release.
 */
export interface ReleaseFolder {
  readonly path: string
  readonly draftFile: string
  readonly releaseFile: string
  readonly assets: string
  /** Files that are still being written, also by processes that were killed; gone after publishing. */
  readonly incoming: string
}

export function releaseFolder(releases: string, tag: string): ReleaseFolder {
  checkTagName(tag)
  // A slash in a tag must not make two levels; encoded names can be told from one another and decoded.
  const path = join(releases, encodeURIComponent(tag))
  return {
    path,
    draftFile: join(path, 'draft.json'),
    releaseFile: join(path, 'release.json'),
    assets: join(path, 'assets'),
    incoming: join(path, 'incoming'),
  }
}

/** Tags that have a folder, in byte order. */
export async function tagsWithFolder(releases: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(releases, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    return names.map(({ name }) => decodeURIComponent(name)).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw fileSystemError(error, 'read', releases)
  }
}

const draftSchema = z.object({
  tag: z.string(),
  name: z.string(),
  notes: z.string(),
  commit: z.string(),
  isPrerelease: z.boolean(),
}) satisfies z.ZodType<NewRelease>

const releaseSchema = draftSchema.extend({
  assets: z.array(
    z.object({
      name: z.string(),
      sizeBytes: z.int().nonnegative(),
      digest: z.custom<Digest>(
        (value) => typeof value === 'string' && isDigest(value),
        'not a sha256 digest',
      ),
    }),
  ),
})

export type PublishedRelease = z.infer<typeof releaseSchema>

export async function readDraft(folder: ReleaseFolder): Promise<NewRelease | undefined> {
  return readRecord(folder.draftFile, draftSchema)
}

export async function readPublished(folder: ReleaseFolder): Promise<PublishedRelease | undefined> {
  return readRecord(folder.releaseFile, releaseSchema)
}

async function readRecord<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new UserError('RELEASE_RECORD_DAMAGED', `"${path}" is not what Hawser wrote there.`, {
      hint: 'Restore it from a backup. If it is a draft, remove its folder and run the release again.',
      cause,
    })
  }
}

/** Makes the file if it is absent, whole and durable; false when it is there already. */
export async function createRecord(folder: ReleaseFolder, path: string, record: object): Promise<boolean> {
  const temporary = temporaryPathFor(join(folder.incoming, 'record'))
  try {
    await makeFolders(folder)
    const file = await open(temporary, 'wx', 0o600)
    await closing(file, async () => {
      await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`)
      await file.chmod(0o444)
      await file.sync()
    })
    return await linkNew(temporary, path)
  } catch (error) {
    throw fileSystemError(error, 'write', path)
  } finally {
    await removeQuietly(temporary)
  }
}

export async function makeFolders(folder: ReleaseFolder): Promise<void> {
  for (const path of [folder.assets, folder.incoming]) await makeFolderDurably(path)
}

/** link(2) fails when the name exists, so the file system decides between two who try at once. */
export async function linkNew(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  await syncFolder(dirname(path))
  return true
}

export function noRelease(tag: string): UserError {
  return new UserError('RELEASE_NOT_FOUND', `There is no draft and no release for the tag "${tag}".`, {
    hint: 'Create the draft first: "hawser release" does.',
  })
}

export function immutable(tag: string, what: string): Refusal {
  return new Refusal('RELEASE_IMMUTABLE', `The release "${tag}" is published: ${what}.`, {
    hint: 'A published release never changes. Choose the next version.',
  })
}
