import type { Digest } from '../lib/digest.ts'
import { digestOf } from '../lib/digest.ts'
import type {
  Annotations,
  Descriptor,
  HistoryEntry,
  ImageConfig,
  Platform,
  RawManifest,
  RuntimeConfig,
} from './descriptor.ts'
import { canonicalConfig, canonicalManifest } from './manifest-bytes.ts'
import { mediaTypes } from './media-types.ts'

/** What an image is built on. */
export interface BaseImage {
  readonly layers: readonly Descriptor[]
  readonly config: ImageConfig
  readonly digest: Digest
  /** As people named it, without the digest. */
  readonly name: string
}

export interface ImageLayer {
  readonly descriptor: Descriptor
  readonly diffId: Digest
  /** One line, for `docker history`. */
  readonly createdBy: string
}

export interface ImageParts {
  readonly platform: Platform
  readonly base?: BaseImage | undefined
  readonly layers: readonly ImageLayer[]
  /** Over the base's: environment and labels are merged, everything else replaces. */
  readonly runtime: RuntimeConfig
  readonly author?: string | undefined
  readonly annotations: Annotations
  /** Seconds since 1970. */
  readonly epoch: number
}

export interface AssembledImage {
  readonly manifest: RawManifest
  readonly config: { readonly descriptor: Descriptor; readonly bytes: Uint8Array }
  readonly platform: Platform
}

/** An OCI image from a base and layers. Pure: same parts, same bytes. */
export function assembleImage(parts: ImageParts): AssembledImage {
  const { platform, base, layers, epoch } = parts
  const created = new Date(epoch * 1000).toISOString().replace('.000Z', 'Z')
  const bytes = canonicalConfig({
    created,
    ...(parts.author !== undefined && { author: parts.author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant !== undefined && { variant: platform.variant }),
    config: mergedRuntime(base?.config.config ?? undefined, parts.runtime),
    rootfs: {
      type: 'layers',
      diff_ids: [...(base?.config.rootfs.diff_ids ?? []), ...layers.map(({ diffId }) => diffId)],
    },
    history: [...baseHistory(base), ...layers.map(({ createdBy }) => ({ created, created_by: createdBy }))],
  })
  const config = { mediaType: mediaTypes.config, digest: digestOf(bytes), size: bytes.length }
  const manifest = canonicalManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config,
    layers: [...(base?.layers ?? []).map(asOci), ...layers.map(({ descriptor }) => descriptor)],
    annotations: annotationsOf(parts, created),
  })
  return { manifest, config: { descriptor: config, bytes }, platform }
}

/** An index over the images of each platform, in their order, with annotations of its own: registries show only these. */
export function assembleIndex(
  images: readonly { readonly manifest: RawManifest; readonly platform: Platform }[],
  annotations: Annotations,
): RawManifest {
  return canonicalManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map(({ manifest, platform }) => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.bytes.length,
      platform,
    })),
    annotations,
  })
}

const prefix = 'org.opencontainers.image.'

/** Image specification 1.1, annotations.md. A base's own annotations describe the base, and are not taken over. */
function annotationsOf({ base, annotations }: ImageParts, created: string): Annotations {
  return {
    [`${prefix}created`]: created,
    ...(base !== undefined && {
      [`${prefix}base.digest`]: base.digest,
      [`${prefix}base.name`]: base.name,
    }),
    ...annotations,
  }
}

function mergedRuntime(base: RuntimeConfig | undefined, own: RuntimeConfig): RuntimeConfig {
  const labels = { ...base?.Labels, ...own.Labels }
  const env = mergedEnvironment(base?.Env ?? [], own.Env ?? [])
  // Docker's rule: another entry point makes the base's arguments meaningless.
  const { Cmd: _arguments, ...kept } = base ?? {}
  return {
    ...(own.Entrypoint === undefined ? base : kept),
    ...own,
    ...(env.length > 0 && { Env: env }),
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
  }
}

/** The order of the base, then that of the names. */
function mergedEnvironment(base: readonly string[], own: readonly string[]): readonly string[] {
  const nameOf = (variable: string): string => variable.slice(0, variable.indexOf('='))
  const values = new Map(base.map((variable) => [nameOf(variable), variable]))
  for (const variable of own.toSorted()) values.set(nameOf(variable), variable)
  return [...values.values()]
}

/** As many entries as layers: some bases have none. */
function baseHistory(base: BaseImage | undefined): readonly HistoryEntry[] {
  if (base === undefined) return []
  const { history, rootfs } = base.config
  const count = (history ?? []).filter(({ empty_layer }) => empty_layer !== true).length
  if (history !== undefined && count === rootfs.diff_ids.length) return history
  return rootfs.diff_ids.map(() => ({ created_by: base.name }))
}

const ociTypes: { readonly [mediaType: string]: string | undefined } = {
  [mediaTypes.dockerLayerGzip]: mediaTypes.layerGzip,
  'application/vnd.docker.image.rootfs.diff.tar': mediaTypes.layerTar,
  'application/vnd.docker.image.rootfs.diff.tar.zstd': mediaTypes.layerZstd,
  // Layers that only their maker may give out, as Windows had them; OCI has deprecated its own type for them.
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip':
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
}

/** Types are not mixed in one manifest; the bytes of Docker's layers are those of OCI's. */
const asOci = (layer: Descriptor): Descriptor => ({
  ...layer,
  mediaType: ociTypes[layer.mediaType] ?? layer.mediaType,
})
