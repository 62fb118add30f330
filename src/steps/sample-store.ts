import { digestOf } from '../lib/digest.ts'
import type { RawManifest } from '../oci/descriptor.ts'
import { mediaTypes } from '../oci/media-types.ts'
import type { OciStore } from '../oci/oci-store.ts'
import { descriptorOf, rawManifest } from '../oci/read-manifest.ts'

/** A repository of a registry, in memory. */
export function sampleStore(location = 'registry.example.org/team/app'): OciStore {
  const blobs = new Map<string, Uint8Array>()
  const manifests = new Map<string, RawManifest>()
  const tags = new Map<string, string>()
  const manifest: OciStore['manifest'] = async (reference) => manifests.get(tags.get(reference) ?? reference)
  return {
    location,
    manifest,
    hasBlob: async ({ digest }) => blobs.has(digest),
    blob: async function* ({ digest }) {
      const found = blobs.get(digest)
      if (found === undefined) throw new Error(`no blob ${digest}`)
      yield found
    },
    putBlob: async ({ digest, open }) => {
      const pieces: Uint8Array[] = []
      for await (const piece of open()) pieces.push(piece)
      blobs.set(digest, Buffer.concat(pieces))
      return 'uploaded'
    },
    resolve: async (reference) => {
      const found = await manifest(reference)
      return found && descriptorOf(found)
    },
    putManifest: async (raw, tag) => {
      manifests.set(raw.digest, raw)
      if (tag !== undefined) tags.set(tag, raw.digest)
    },
    tags: async function* () {
      yield* tags.keys()
    },
    referrers: async () => [],
  }
}

/** Pushes an image without layers, as a build would that says when and from which commit it was. Gives its digest. */
export async function pushSampleImage(
  store: OciStore,
  tag: string,
  {
    created,
    revision,
    note,
  }: { readonly created?: string; readonly revision?: string; readonly note?: string },
): Promise<string> {
  const config = Buffer.from(
    JSON.stringify({
      ...(created !== undefined && { created }),
      ...(note !== undefined && { author: note }),
      architecture: 'amd64',
      os: 'linux',
      config: {
        ...(revision !== undefined && { Labels: { 'org.opencontainers.image.revision': revision } }),
      },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  )
  const digest = digestOf(config)
  await store.putBlob({
    digest,
    sizeBytes: config.length,
    open: async function* () {
      yield config
    },
  })
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest, size: config.length },
    layers: [],
  })
  const raw = rawManifest(Buffer.from(text), mediaTypes.manifest, store.location)
  await store.putManifest(raw, tag)
  return raw.digest
}
