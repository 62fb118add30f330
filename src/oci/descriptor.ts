import type { Digest } from '../lib/digest.ts'

/** Image specification 1.1, image-index.md, "platform". */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
}

export type Annotations = { readonly [key: string]: string }

/** Image specification 1.1, descriptor.md. JSON as it is written. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly urls?: readonly string[]
  readonly annotations?: Annotations
  readonly artifactType?: string
  readonly platform?: Platform
  /** Base64 of the bytes themselves. */
  readonly data?: string
}

/** Image specification 1.1, manifest.md. */
export interface Manifest {
  readonly schemaVersion: 2
  readonly mediaType?: string
  readonly artifactType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Annotations
}

/** Image specification 1.1, image-index.md. */
export interface Index {
  readonly schemaVersion: 2
  readonly mediaType?: string
  readonly artifactType?: string
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Annotations
}

/** A manifest or an index as it was written. Never written again from its parsed form: that would be another digest. */
export interface RawManifest {
  readonly mediaType: string
  readonly digest: Digest
  readonly bytes: Uint8Array
}

/** Image specification 1.1, config.md. */
export interface ImageConfig {
  readonly created?: string
  readonly author?: string
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly config?: RuntimeConfig
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] }
  readonly history?: readonly HistoryEntry[]
}

export interface RuntimeConfig {
  readonly User?: string
  readonly ExposedPorts?: { readonly [port: string]: Record<string, never> }
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Volumes?: { readonly [path: string]: Record<string, never> }
  readonly WorkingDir?: string
  readonly Labels?: { readonly [key: string]: string }
  readonly StopSignal?: string
}

export interface HistoryEntry {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

export const platformText = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant === undefined ? [] : [variant])].join('/')
