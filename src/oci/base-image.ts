import { UserError } from '../errors.ts'
import { imageFor } from './copy.ts'
import type { Platform } from './descriptor.ts'
import type { BaseImage } from './image.ts'
import { isManifestType } from './media-types.ts'
import type { OciStore } from './oci-store.ts'
import { readImageConfig, readManifest } from './read-manifest.ts'

/** The image for a platform that another one is built on. Only its manifests and configuration are read. */
export async function readBase(
  store: OciStore,
  reference: string,
  name: string,
  platform: Platform,
  signal?: AbortSignal,
): Promise<BaseImage> {
  const root = await store.manifest(reference, { signal })
  if (root === undefined) {
    throw new UserError('IMAGE_BASE', `The base image "${name}" is not in ${store.location}.`, {
      hint: 'Check its name and digest, and that the account may read it.',
    })
  }
  const manifest = await imageFor(store, root, platform, signal)
  const parsed = readManifest(manifest, name)
  if (parsed.kind !== 'manifest' || !isManifestType(manifest.mediaType))
    throw new Error('An image for a platform is a manifest')
  const { config, layers } = parsed.manifest
  const chunks: Uint8Array[] = []
  for await (const piece of store.blob(config, { signal })) chunks.push(piece)
  const read = readImageConfig(Buffer.concat(chunks), name)
  if (read.rootfs.diff_ids.length !== layers.length) {
    throw new UserError(
      'IMAGE_BASE',
      `"${name}" has ${layers.length} layers, and digests of ${read.rootfs.diff_ids.length}.`,
      {
        hint: 'It is no image that can be run. Take another base.',
      },
    )
  }
  return { layers, config: read, digest: root.digest, name }
}
