import { UserError } from '../errors.ts'
import { digestOf } from '../lib/digest.ts'
import type { Annotations, Descriptor, Manifest, RawManifest } from './descriptor.ts'
import { canonicalConfig, canonicalManifest } from './manifest-bytes.ts'
import { mediaTypes } from './media-types.ts'
import type { BlobSource, OciReadOptions, OciStore } from './oci-store.ts'
import { readManifest } from './read-manifest.ts'

/** Bytes that become a layer of an artifact. */
export interface AttachedLayer {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly annotations?: Annotations
}

export interface Attachment {
  readonly artifactType: string
  readonly layer: AttachedLayer
  readonly subject: Descriptor
  readonly annotations: Annotations
}

const empty = Buffer.from('{}')

/** Image specification 1.1, manifest.md, "Guidelines for Artifact Usage": the type stands in the manifest, where everyone finds it. */
export const attachmentManifest = ({ artifactType, layer, subject, annotations }: Attachment): RawManifest =>
  canonicalManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config: { mediaType: mediaTypes.empty, digest: digestOf(empty), size: empty.length },
    layers: [descriptorOf(layer)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  })

/** Makes it a referrer of its subject. */
export async function attach(
  store: OciStore,
  attachment: Attachment,
  options?: OciReadOptions,
): Promise<void> {
  for (const bytes of [empty, attachment.layer.bytes]) await store.putBlob(blobOf(bytes), options)
  await store.putManifest(attachmentManifest(attachment), undefined, options)
}

/** Layers under a tag, as cosign 1 and 2 keep signatures (`sha256-<hex>.sig`) and attestations (`.att`). */
export async function layersAt(
  store: OciStore,
  tag: string,
  options?: OciReadOptions,
): Promise<readonly Descriptor[]> {
  const found = await store.manifest(tag, options)
  if (found === undefined) return []
  const parsed = readManifest(found, `${store.location}:${tag}`)
  if (parsed.kind === 'manifest') return parsed.manifest.layers
  throw new UserError('OCI_SIGNATURES', `${store.location}:${tag} is an index, where signatures belong.`, {
    hint: "Delete that tag: cosign's names are reserved for signatures.",
  })
}

export const isSameLayer = (layer: AttachedLayer, there: Descriptor): boolean =>
  there.digest === digestOf(layer.bytes) &&
  Object.entries(layer.annotations ?? {}).every(([key, value]) => there.annotations?.[key] === value)

/** Adds layers to those under the tag; what others put there stays. Writes nothing when all are there. */
export async function addLayers(
  store: OciStore,
  tag: string,
  layers: readonly AttachedLayer[],
  options?: OciReadOptions,
): Promise<void> {
  const there = await layersAt(store, tag, options)
  const missing = layers.filter((layer) => !there.some((one) => isSameLayer(layer, one)))
  if (missing.length === 0) return
  const all = [...there, ...missing.map(descriptorOf)]
  const { bytes, manifest } = signatureManifest(all)
  for (const blob of [bytes, ...missing.map((layer) => layer.bytes)])
    await store.putBlob(blobOf(blob), options)
  await store.putManifest(manifest, tag, options)
}

/** cosign's form: an image whose layers happen to be signatures. */
function signatureManifest(layers: readonly Descriptor[]): {
  readonly bytes: Uint8Array
  readonly manifest: RawManifest
} {
  const bytes = canonicalConfig({
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  })
  const content: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: digestOf(bytes), size: bytes.length },
    layers,
  }
  return { bytes, manifest: canonicalManifest(content) }
}

const descriptorOf = ({ bytes, mediaType, annotations }: AttachedLayer): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
  ...(annotations !== undefined && { annotations }),
})

/** Bytes in memory as a blob. */
export const blobOf = (bytes: Uint8Array): BlobSource => ({
  digest: digestOf(bytes),
  sizeBytes: bytes.length,
  open: async function* (startByte = 0) {
    yield bytes.subarray(startByte)
  },
})
