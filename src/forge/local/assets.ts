import { createHash } from 'node:crypto'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal, UserError } from '../../errors.ts'
import { closing, codeOf, fileSystemError, removeQuietly, temporaryPathFor } from '../../lib/atomic-file.ts'
import { type Digest, digestOfFile } from '../../lib/digest.ts'
import type { ReleaseAsset } from '../forge.ts'
import { checkAssetName } from '../names.ts'
import {
  immutable,
  linkNew,
  makeFolders,
  noRelease,
  type PublishedRelease,
  type ReleaseFolder,
  readDraft,
  readPublished,
} from './release-folder.ts'

export interface NewAsset {
  readonly name: string
  readonly file: string
  readonly digest: Digest
}

export interface StoredAsset extends ReleaseAsset {
  readonly digest: Digest
}

/** What is in a draft now; digests come from the bytes themselves, so that damage shows before publishing. */
export async function listDraftAssets(folder: ReleaseFolder): Promise<readonly StoredAsset[]> {
  const names = await assetNames(folder)
  const assets: StoredAsset[] = []
  for (const name of names) {
    const asset = await findDraftAsset(folder, name)
    if (asset !== undefined) assets.push(asset)
  }
  return assets
}

async function assetNames(folder: ReleaseFolder): Promise<readonly string[]> {
  try {
    const names = await readdir(folder.assets)
    return names.filter((name) => !name.startsWith('.')).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw fileSystemError(error, 'read', folder.assets)
  }
}

async function findDraftAsset(folder: ReleaseFolder, name: string): Promise<StoredAsset | undefined> {
  const path = join(folder.assets, name)
  try {
    return { name, ...(await digestOfFile(path)) }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

export async function uploadAsset(
  folder: ReleaseFolder,
  tag: string,
  asset: NewAsset,
): Promise<ReleaseAsset> {
  checkAssetName(asset.name)
  const published = await readPublished(folder)
  if (published !== undefined) return publishedAsset(published, asset)
  if ((await readDraft(folder)) === undefined) throw noRelease(tag)
  const before = await findDraftAsset(folder, asset.name)
  if (before !== undefined) return sameAsset(tag, before, asset)

  await addAsset(folder, asset)
  // Published meanwhile: what the release does not list does not belong to it.
  const since = await readPublished(folder)
  if (since !== undefined) return publishedAssetOrRemove(folder, since, asset)
  const after = await findDraftAsset(folder, asset.name)
  if (after === undefined) throw new Error(`The asset ${asset.name} vanished after it was added`)
  return sameAsset(tag, after, asset)
}

async function addAsset(folder: ReleaseFolder, asset: NewAsset): Promise<void> {
  const temporary = temporaryPathFor(join(folder.incoming, asset.name))
  try {
    await makeFolders(folder)
    const digest = await copyDurably(asset.file, temporary)
    if (digest !== asset.digest) throw sourceChanged(asset, digest)
    await linkNew(temporary, join(folder.assets, asset.name))
  } catch (error) {
    // Another process published, which removes the folder of unfinished files under our feet: what it lists decides.
    if (codeOf(error) === 'ENOENT' && (await readPublished(folder)) !== undefined) return
    throw fileSystemError(error, 'write', join(folder.assets, asset.name))
  } finally {
    await removeQuietly(temporary)
  }
}

/** Copies and returns the digest of what was read; what was written is compared by the caller, from the asset itself. */
async function copyDurably(from: string, to: string): Promise<Digest> {
  const source = await openSource(from)
  return closing(source, async () => {
    const target = await open(to, 'wx', 0o600)
    return closing(target, async () => {
      const hash = createHash('sha256')
      for await (const chunk of source.createReadStream({ highWaterMark: 1 << 20, autoClose: false })) {
        hash.update(chunk)
        await target.writeFile(chunk)
      }
      await target.chmod(0o444)
      await target.sync()
      return `sha256:${hash.digest('hex')}` as const
    })
  })
}

async function openSource(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw fileSystemError(error, 'read', path)
  }
}

function sameAsset(tag: string, found: StoredAsset, wanted: NewAsset): ReleaseAsset {
  if (found.digest === wanted.digest) return found
  throw new Refusal('ASSET_EXISTS', `The draft "${tag}" has an asset "${wanted.name}" with other bytes.`, {
    hint: `It has ${found.digest}, and ${wanted.digest} was to be uploaded. Remove the draft's folder if nobody needs it, or choose the next version.`,
  })
}

function publishedAsset(published: PublishedRelease, wanted: NewAsset): ReleaseAsset {
  const found = published.assets.find(({ name }) => name === wanted.name)
  if (found === undefined) throw unlisted(published.tag, wanted.name)
  if (found.digest === wanted.digest) return found
  throw immutable(published.tag, `its asset "${wanted.name}" has other bytes`)
}

async function publishedAssetOrRemove(
  folder: ReleaseFolder,
  published: PublishedRelease,
  asset: NewAsset,
): Promise<ReleaseAsset> {
  const isListed = published.assets.some(({ name }) => name === asset.name)
  if (!isListed) await rm(join(folder.assets, asset.name), { force: true })
  return publishedAsset(published, asset)
}

const unlisted = (tag: string, name: string) =>
  immutable(tag, `it has no asset "${name}" and gets no new one`)

function sourceChanged({ name, digest }: NewAsset, found: Digest): UserError {
  return new UserError(
    'ASSET_SOURCE_CHANGED',
    `The file of the asset "${name}" is not the one that was built.`,
    {
      hint: `It has ${found} instead of ${digest}. Build it again, and let nothing change it meanwhile.`,
    },
  )
}

export async function downloadAsset(
  folder: ReleaseFolder,
  tag: string,
  name: string,
): Promise<AsyncIterable<Uint8Array>> {
  checkAssetName(name)
  const published = await readPublished(folder)
  if (published === undefined && (await readDraft(folder)) === undefined) throw noRelease(tag)
  if (published !== undefined && !published.assets.some((asset) => asset.name === name))
    throw noAsset(tag, name)
  const path = join(folder.assets, name)
  try {
    const file = await open(path, 'r')
    return file.createReadStream({ highWaterMark: 1 << 20 })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw noAsset(tag, name)
    throw fileSystemError(error, 'read', path)
  }
}

function noAsset(tag: string, name: string): UserError {
  return new UserError('ASSET_NOT_FOUND', `The release "${tag}" has no asset "${name}".`, {
    hint: 'Compare the name with those that the release lists; if it lists it, its file was removed by hand.',
  })
}
