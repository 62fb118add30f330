import { UserError } from '../errors.ts'
import type { Digest } from '../lib/digest.ts'
import { readGraph } from './copy.ts'
import { type Platform, platformText, type RawManifest } from './descriptor.ts'
import { readConfig } from './image-config.ts'
import { type ImageFile, type ReadImageOptions, readImageFiles } from './image-files.ts'
import { isIndexType } from './media-types.ts'
import type { OciStore } from './oci-store.ts'
import { readManifest } from './read-manifest.ts'

export interface CheckedImage {
  readonly digest: Digest
  readonly platform: Platform
  readonly files: readonly ImageFile[]
}

/**
 * Reads an image for one platform or an index of such images whole, as a program that runs it would, and gives what is
 * in it. Throws a UserError for the first thing that is not as the manifests and configurations say.
 */
export async function checkImage(
  store: OciStore,
  root: RawManifest,
  options: ReadImageOptions = {},
): Promise<readonly CheckedImage[]> {
  const { manifests } = await readGraph(store, root, options.signal)
  const stated = new Map(manifests.flatMap((manifest) => platformsIn(manifest, store.location)))
  const images: CheckedImage[] = []
  for (const manifest of manifests) {
    if (isIndexType(manifest.mediaType)) continue
    const platform = await checkConfig(store, manifest, stated.get(manifest.digest), options.signal)
    images.push({
      digest: manifest.digest,
      platform,
      files: await readImageFiles(store, manifest, options),
    })
  }
  return images
}

function platformsIn(manifest: RawManifest, where: string): readonly (readonly [Digest, Platform])[] {
  const parsed = readManifest(manifest, where)
  if (parsed.kind !== 'index') return []
  return parsed.index.manifests.flatMap(({ digest, platform }) =>
    platform === undefined ? [] : [[digest, platform] as const],
  )
}

async function checkConfig(
  store: OciStore,
  manifest: RawManifest,
  stated: Platform | undefined,
  signal: AbortSignal | undefined,
): Promise<Platform> {
  const where = `${store.location}@${manifest.digest}`
  const parsed = readManifest(manifest, where)
  if (parsed.kind !== 'manifest') throw new Error(`${where} was read as a manifest before`)
  const { os, architecture, variant, history } = await readConfig(store, parsed.manifest, where, signal)
  const platform: Platform = { os, architecture, ...(variant !== undefined && { variant }) }
  if (stated !== undefined && (stated.os !== os || stated.architecture !== architecture)) {
    throw new UserError(
      'OCI_PLATFORM',
      `An index gives ${where} as ${platformText(stated)}; its configuration says ${platformText(platform)}.`,
      { hint: 'It would not run where it is chosen. Build the image again.' },
    )
  }
  const { length } = parsed.manifest.layers
  const told = history?.filter(({ empty_layer }) => empty_layer !== true).length
  if (told !== undefined && told !== length) {
    throw new UserError('OCI_LAYERS', `${where} has ${length} layers, and a history of ${told}.`, {
      hint: 'Some programs refuse such an image. Build it again.',
    })
  }
  return platform
}
