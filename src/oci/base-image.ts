import { UserError } from '../errors.ts'
import { imageFor } from './copy.ts'
import type { Platform } from './descriptor.ts'
import type { BaseImage } from './image.ts'
import { readConfig } from './image-config.ts'
import { isManifestType } from './media-types.ts'
import type { OciStore } from './oci-store.ts'
import { readManifest } from './read-manifest.ts'

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
  const config = await readConfig(store, parsed.manifest, `"${name}"`, signal)
  return { layers: parsed.manifest.layers, config, digest: root.digest, name }
}
