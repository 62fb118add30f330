import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { ByteStream } from '../archive/compression.ts'
import type { TarEntry } from '../archive/tar.ts'
import { UserError } from '../errors.ts'
import type { Digest } from '../lib/digest.ts'
import type { Descriptor, ImageConfig, RawManifest } from './descriptor.ts'
import { readConfig } from './image-config.ts'
import { linkedPath } from './layers/linked-path.ts'
import { type LayerLimits, type LayerMember, readLayer } from './layers/read-layer.ts'
import type { OciStore } from './oci-store.ts'
import { readManifest } from './read-manifest.ts'

/** What a container of the image sees at a path. */
export interface ImageFile {
  /** Without "/" in front. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink'
  readonly mode: number
  readonly ownerId: number
  readonly groupId: number
  readonly mtime: number
  readonly sizeBytes: number
  /** Of a file's bytes. */
  readonly digest?: Digest
  /** Of a symbolic link, as written. */
  readonly target?: string
  /** Which layer it comes from, counted from 0. */
  readonly layer: number
}

export interface ReadImageOptions {
  readonly limits?: LayerLimits
  readonly signal?: AbortSignal | undefined
}

/**
 * The files of an image for one platform, in byte order of their paths, with the layers' removals applied. Reads all
 * layers once, and checks them against the digests that the manifest and the configuration give. Throws a UserError
 * for what is damaged, unsafe or contradicts itself.
 */
export async function readImageFiles(
  store: OciStore,
  manifest: RawManifest,
  { limits = {}, signal }: ReadImageOptions = {},
): Promise<readonly ImageFile[]> {
  const where = `${store.location}@${manifest.digest}`
  const parsed = readManifest(manifest, where)
  if (parsed.kind !== 'manifest') throw indexError(where)
  const { layers } = parsed.manifest
  const config = await readConfig(store, parsed.manifest, where, signal)
  let files = new Map<string, ImageFile>()
  for (const [index, layer] of layers.entries()) {
    const members = readLayer(
      store.blob(layer, { signal }),
      layerOptions(layer, index, config, where, limits),
    )
    files = await withLayer(files, members, index)
  }
  return [...files.values()].toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

const layerOptions = (
  { mediaType, digest }: Descriptor,
  index: number,
  { rootfs }: ImageConfig,
  where: string,
  limits: LayerLimits,
) => ({ mediaType, diffId: rootfs.diff_ids[index], where: `The layer ${digest} of ${where}`, limits })

/** Removals concern the layers below, wherever they stand in the layer. */
async function withLayer(
  below: ReadonlyMap<string, ImageFile>,
  members: AsyncIterable<LayerMember>,
  layer: number,
): Promise<Map<string, ImageFile>> {
  const own = new Map<string, ImageFile>()
  const removed = new Set<string>()
  const emptied = new Set<string>()
  const linkAt = (path: string): string | undefined => (own.get(path) ?? below.get(path))?.target
  for await (const member of members) {
    const path = linkedPath(member.path, linkAt)
    if (member.type === 'whiteout') removed.add(path)
    else if (member.type === 'opaque') emptied.add(path)
    else if (path !== '')
      own.set(path, await fileOf(member, { path, layer }, own.get(linkedPath(member.target ?? '', linkAt))))
  }
  const isHidden = (path: string): boolean => {
    if (removed.has(path)) return true
    for (let folder = parentOf(path); ; folder = parentOf(folder)) {
      // A file or link in the place of a folder takes everything in it away.
      if (emptied.has(folder) || removed.has(folder) || isNoFolder(own.get(folder))) return true
      if (folder === '') return false
    }
  }
  const kept = [...below].filter(([path]) => !isHidden(path))
  return new Map([...kept, ...own])
}

const isNoFolder = (file: ImageFile | undefined): boolean => file !== undefined && file.type !== 'directory'

const parentOf = (path: string): string => {
  const folder = posix.dirname(path)
  return folder === '.' ? '' : folder
}

/** @param linked the file of the layer that a hard link is another name of; the reader has checked that it is there */
async function fileOf(
  member: TarEntry,
  at: { readonly path: string; readonly layer: number },
  linked: ImageFile | undefined,
): Promise<ImageFile> {
  const { type, mode, ownerId, groupId, mtime, sizeBytes, target } = member
  const common = { ...at, mode, ownerId, groupId, mtime }
  if (type === 'directory') return { ...common, type, sizeBytes: 0 }
  if (type === 'symlink') return { ...common, type, sizeBytes: 0, target: target ?? '' }
  if (type === 'hardlink' && linked !== undefined) return { ...linked, ...at }
  return { ...common, type: 'file', sizeBytes, digest: await digestOfStream(member.body()) }
}

async function digestOfStream(stream: ByteStream): Promise<Digest> {
  const hash = createHash('sha256')
  for await (const piece of stream) hash.update(piece)
  return `sha256:${hash.digest('hex')}`
}

const indexError = (where: string): UserError =>
  new UserError('OCI_MANIFEST_TYPE', `${where} is an index, which has no files of its own.`, {
    hint: 'Choose the image for one platform.',
  })
