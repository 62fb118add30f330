/** Image specification 1.1, media-types.md; Docker's are read and copied byte for byte, and never written. */
export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const

const manifestTypes: ReadonlySet<string> = new Set([mediaTypes.manifest, mediaTypes.dockerManifest])
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.index, mediaTypes.dockerIndex])

/** One image or artifact: a configuration and layers. */
export const isManifestType = (mediaType: string): boolean => manifestTypes.has(mediaType)
/** A list of manifests, one for each platform. */
export const isIndexType = (mediaType: string): boolean => indexTypes.has(mediaType)

/** What a GET of a manifest accepts; every type that is understood, else old registries convert. */
export const acceptedManifestTypes: readonly string[] = [...manifestTypes, ...indexTypes]
