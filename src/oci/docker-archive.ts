import type { ByteStream } from '../archive/compression.ts'
import { type TarInput, writeTar } from '../archive/write-tar.ts'
import { UserError } from '../errors.ts'
import { type Digest, hexOf } from '../lib/digest.ts'
import { type Descriptor, type Platform, platformText, type RawManifest } from './descriptor.ts'
import { readConfigAndBytes } from './image-config.ts'
import { unpackLayer } from './layers/read-layer.ts'
import type { OciStore } from './oci-store.ts'
import { readManifest } from './read-manifest.ts'

/** Bytes of a layer that were put somewhere, so that their number is known before they are written. */
export interface KeptLayer {
  readonly sizeBytes: number
  open(): ByteStream
}

export interface DockerArchiveOptions {
  /** What the image must be for. */
  readonly platform: Platform
  /** What the image is called when it is loaded, such as `gcr.io/team/app:1.0`; none: by its digest only. */
  readonly tags: readonly string[]
  /** Keeps an unpacked layer until the archive is written. */
  readonly keep: (layer: ByteStream) => Promise<KeptLayer>
  readonly signal?: AbortSignal | undefined
}

/**
 * What `docker save` writes and `docker load`, `podman load` and `skopeo` read: manifest.json, the configuration, and
 * the layers unpacked, each named by its digest. The same image gives the same bytes.
 */
export async function* dockerArchive(
  store: OciStore,
  image: RawManifest,
  { platform, tags, keep, signal }: DockerArchiveOptions,
): ByteStream {
  const where = `${store.location}@${image.digest}`
  const parsed = readManifest(image, where)
  if (parsed.kind !== 'manifest') throw new Error('An image for a platform is a manifest')
  const { layers, config: named } = parsed.manifest
  const { config, bytes } = await readConfigAndBytes(store, parsed.manifest, where, signal)
  if (config.os !== platform.os || config.architecture !== platform.architecture) {
    throw platformError(where, config, platform)
  }
  const kept = new Map<string, KeptLayer>()
  const names: string[] = []
  for (const [index, layer] of layers.entries()) {
    const diffId = config.rootfs.diff_ids[index]
    if (diffId === undefined) throw new Error('readConfigAndBytes compares the numbers of layers')
    const name = `${hexOf(diffId)}.tar`
    names.push(name)
    // Images may have the same layer twice, such as an empty one.
    if (!kept.has(name)) kept.set(name, await keep(plainLayer(store, layer, { diffId, where, signal })))
  }
  const configName = `${hexOf(named.digest)}.json`
  const list = [{ Config: configName, RepoTags: tags, Layers: names }]
  yield* writeTar([
    fileOf('manifest.json', memory(Buffer.from(`${JSON.stringify(list)}\n`))),
    fileOf(configName, memory(bytes)),
    ...[...kept].map(([name, layer]) => fileOf(name, layer)),
  ])
}

const plainLayer = (
  store: OciStore,
  { mediaType, digest, size }: Descriptor,
  { diffId, where, signal }: { diffId: Digest; where: string; signal: AbortSignal | undefined },
): ByteStream =>
  unpackLayer(store.blob({ digest, size }, { signal }), {
    mediaType,
    diffId,
    where: `The layer ${digest} of ${where}`,
  })

const owner = { owner: '', group: '', ownerId: 0, groupId: 0 }

const fileOf = (path: string, { sizeBytes, open }: KeptLayer): TarInput => ({
  ...owner,
  type: 'file',
  path,
  mode: 0o644,
  mtime: 0,
  sizeBytes,
  body: open,
})

const memory = (bytes: Uint8Array): KeptLayer => ({
  sizeBytes: bytes.length,
  open: async function* () {
    yield bytes
  },
})

const platformError = (where: string, found: Platform, wanted: Platform): UserError =>
  new UserError('OCI_PLATFORM', `${where} is for ${platformText(found)}, not for ${platformText(wanted)}.`, {
    hint: 'Take the digest of the image for that platform, or of the index of all of them.',
  })
