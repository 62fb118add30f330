import type { Digest } from '../lib/digest.ts'
import { hexOf } from '../lib/digest.ts'
import type { Descriptor, Index, RawManifest } from './descriptor.ts'
import { canonicalManifest } from './manifest-bytes.ts'
import { mediaTypes } from './media-types.ts'
import { descriptorOf, readManifest } from './read-manifest.ts'

/** Distribution specification 1.1, "Referrers tag schema": where a store without the API lists them. */
export const referrersTag = (subject: Digest): string => `sha256-${hexOf(subject)}`

/** How an index of referrers names a manifest: with its artifact type (its own, else its configuration's) and annotations. */
export function referrerDescriptor(manifest: RawManifest): Descriptor {
  const parsed = readManifest(manifest, 'a referrer')
  const own = parsed.kind === 'index' ? parsed.index : parsed.manifest
  const artifactType =
    own.artifactType ?? (parsed.kind === 'manifest' ? parsed.manifest.config.mediaType : undefined)
  return {
    ...descriptorOf(manifest),
    ...(artifactType !== undefined && { artifactType }),
    ...(own.annotations !== undefined && { annotations: own.annotations }),
  }
}

/** The index with one more referrer; undefined when it is there. */
export function withReferrer(index: Index | undefined, referrer: Descriptor): RawManifest | undefined {
  const manifests = index?.manifests ?? []
  if (manifests.some(({ digest }) => digest === referrer.digest)) return undefined
  const all = [...manifests, referrer]
  return canonicalManifest({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: all })
}

export const ofType = (
  referrers: readonly Descriptor[],
  artifactType: string | undefined,
): readonly Descriptor[] =>
  referrers.filter((one) => artifactType === undefined || one.artifactType === artifactType)
