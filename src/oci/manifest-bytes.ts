import { digestOf } from '../lib/digest.ts'
import type { Annotations, Descriptor, ImageConfig, Index, Manifest, RawManifest } from './descriptor.ts'
import { mediaTypes } from './media-types.ts'

/** Members in the order of the specification's examples, names of maps in byte order, no white space: same content, same digest. */
export function canonicalManifest(content: Manifest | Index): RawManifest {
  const { schemaVersion, mediaType, artifactType, subject, annotations } = content
  const isIndex = 'manifests' in content
  const ordered = isIndex
    ? {
        schemaVersion,
        mediaType: mediaType ?? mediaTypes.index,
        artifactType,
        manifests: content.manifests.map(orderedDescriptor),
        subject: subject && orderedDescriptor(subject),
        annotations: sorted(annotations),
      }
    : {
        schemaVersion,
        mediaType: mediaType ?? mediaTypes.manifest,
        artifactType,
        config: orderedDescriptor(content.config),
        layers: content.layers.map(orderedDescriptor),
        subject: subject && orderedDescriptor(subject),
        annotations: sorted(annotations),
      }
  const bytes = Buffer.from(JSON.stringify(ordered))
  return { bytes, digest: digestOf(bytes), mediaType: ordered.mediaType }
}

/** The bytes of a configuration, in the order of image specification 1.1, config.md. */
export function canonicalConfig(config: ImageConfig): Uint8Array {
  const { created, author, architecture, os, variant, config: runtime, rootfs, history } = config
  return Buffer.from(
    JSON.stringify({
      created,
      author,
      architecture,
      os,
      variant,
      config: runtime && {
        User: runtime.User,
        ExposedPorts: sorted(runtime.ExposedPorts),
        Env: runtime.Env,
        Entrypoint: runtime.Entrypoint,
        Cmd: runtime.Cmd,
        Volumes: sorted(runtime.Volumes),
        WorkingDir: runtime.WorkingDir,
        Labels: sorted(runtime.Labels),
        StopSignal: runtime.StopSignal,
      },
      rootfs,
      history,
    }),
  )
}

function orderedDescriptor(descriptor: Descriptor): Descriptor {
  const { mediaType, digest, size, urls, annotations, artifactType, platform, data } = descriptor
  const all = {
    mediaType,
    digest,
    size,
    urls,
    annotations: sorted(annotations),
    artifactType,
    platform,
    data,
  }
  return JSON.parse(JSON.stringify(all)) as Descriptor
}

function sorted<Value extends { readonly [key: string]: unknown } | Annotations>(
  map: Value | undefined,
): Value | undefined {
  if (map === undefined) return undefined
  return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1))) as Value
}
