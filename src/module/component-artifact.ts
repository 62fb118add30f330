import { readTar } from '../archive/tar.ts'
import { UserError } from '../errors.ts'
import { type Digest, digestOf } from '../lib/digest.ts'
import type { Annotations, Manifest, RawManifest } from '../oci/descriptor.ts'
import { canonicalManifest } from '../oci/manifest-bytes.ts'
import { isManifestType, mediaTypes } from '../oci/media-types.ts'
import type { OciReadOptions, OciStore } from '../oci/oci-store.ts'
import { readManifest } from '../oci/read-manifest.ts'
import { isRepositoryPath, isTag } from '../oci/reference.ts'
import {
  type ComponentDescriptor,
  isLocalBlob,
  readDescriptor,
  writeDescriptor,
} from './component-descriptor.ts'
import { type ModuleBlob, moduleBlob, oneFileTar, sourceOf } from './module-blob.ts'

/** OCM, "OCI registry mapping": what a component version is in a registry. */
export const componentTypes = {
  config: 'application/vnd.ocm.software.component.config.v1+json',
  descriptor: 'application/vnd.ocm.software.component-descriptor.v2+yaml+tar',
} as const

/** How a descriptor may be stored; the older names are read and never written. */
const descriptorForms: { readonly [mediaType: string]: 'tar' | 'plain' | undefined } = {
  [componentTypes.descriptor]: 'tar',
  'application/vnd.ocm.software.component-descriptor.v2+yaml': 'plain',
  'application/vnd.ocm.software.component-descriptor.v2+json': 'plain',
  'application/vnd.gardener.cloud.cnudie.component-descriptor.v2+yaml+tar': 'tar',
  'application/vnd.gardener.cloud.cnudie.component-descriptor.v2+yaml': 'plain',
  'application/vnd.gardener.cloud.cnudie.component-descriptor.v2+json': 'plain',
  'application/vnd.oci.gardener.cloud.cnudie.component-descriptor.v2+yaml+tar': 'tar',
}

const descriptorFile = 'component-descriptor.yaml'
/** A descriptor is text that people write; larger ones are an attack. */
const descriptorBytesMax = 16 << 20

/** A component version as an OCI artifact. */
export interface ComponentArtifact {
  readonly manifest: RawManifest
  readonly config: ModuleBlob
  /** The descriptor first, then the local blobs in the order of their resources. */
  readonly layers: readonly ModuleBlob[]
}

/** Below the base: `component-descriptors/` and the component's name. */
export function componentRepository(basePath: string, componentName: string): string {
  const path = [
    ...basePath.split('/').filter((part) => part !== ''),
    'component-descriptors',
    componentName,
  ].join('/')
  if (isRepositoryPath(path)) return path
  throw new UserError('OCM_REPOSITORY', `No registry takes the repository "${path}".`, {
    hint: 'It is made of the path in the registry and the name of the component. Shorten them, and write them in lower case.',
  })
}

/** A tag has no "+". */
export function versionTag(version: string): string {
  const tag = version.replaceAll('+', '.build-')
  if (isTag(tag)) return tag
  throw new UserError('OCM_VERSION', `The version "${version}" can be no tag in a registry.`, {
    hint: 'Take a semantic version of at most 128 letters, digits, dots and dashes.',
  })
}

/** Pure: same descriptor and blobs, same manifest. */
export async function assembleComponent(
  descriptor: ComponentDescriptor,
  blobs: readonly ModuleBlob[],
  annotations?: Annotations,
): Promise<ComponentArtifact> {
  checkLocalBlobs(
    descriptor,
    blobs.map((blob) => blob.descriptor.digest),
    `${descriptor.component.name} ${descriptor.component.version}`,
  )
  const archive = await oneFileTar(descriptorFile, Buffer.from(writeDescriptor(descriptor)))
  const first = moduleBlob(componentTypes.descriptor, archive)
  const config = moduleBlob(
    componentTypes.config,
    Buffer.from(JSON.stringify({ componentDescriptorLayer: first.descriptor })),
  )
  // Two resources with the same bytes are one layer.
  const layers = [...new Map([first, ...blobs].map((blob) => [blob.descriptor.digest, blob])).values()]
  const manifest = canonicalManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: config.descriptor,
    layers: layers.map((layer) => layer.descriptor),
    ...(annotations !== undefined && { annotations }),
  })
  return { manifest, config, layers }
}

/** Content first, the tag last: what has a tag is whole. */
export async function pushComponent(
  store: OciStore,
  { manifest, config, layers }: ComponentArtifact,
  tag: string,
  options: OciReadOptions = {},
): Promise<void> {
  for (const blob of [...layers, config]) await store.putBlob(sourceOf(blob), options)
  await store.putManifest(manifest, tag, options)
}

export interface ReadComponent {
  readonly descriptor: ComponentDescriptor
  readonly manifest: RawManifest
  readonly parsed: Manifest
}

/** By tag or digest; undefined when the store does not have it. Old media types are understood. */
export async function readComponent(
  store: OciStore,
  reference: string,
  options: OciReadOptions = {},
): Promise<ReadComponent | undefined> {
  const manifest = await store.manifest(reference, options)
  if (manifest === undefined) return undefined
  const where = `${store.location}${reference.includes(':') ? '@' : ':'}${reference}`
  if (!isManifestType(manifest.mediaType))
    throw noComponent(where, `it is of the type "${manifest.mediaType}"`)
  const read = readManifest(manifest, where)
  if (read.kind !== 'manifest') throw noComponent(where, 'it is an index')
  const parsed = read.manifest
  const layer = parsed.layers.find(({ mediaType }) => descriptorForms[mediaType] !== undefined)
  if (layer === undefined) throw noComponent(where, 'it has no layer with a component descriptor')
  if (layer.size > descriptorBytesMax) {
    throw noComponent(
      where,
      `its descriptor has ${layer.size} bytes, and ${descriptorBytesMax} are the limit`,
    )
  }
  const bytes = await wholeBlob(store, layer, options)
  const text = descriptorForms[layer.mediaType] === 'tar' ? await fileOfTar(bytes, where) : bytes
  const descriptor = readDescriptor(Buffer.from(text).toString('utf8'), where)
  checkLocalBlobs(
    descriptor,
    parsed.layers.map(({ digest }) => digest),
    where,
  )
  return { descriptor, manifest, parsed }
}

/** The bytes of a local resource. */
export async function readLocalBlob(
  store: OciStore,
  { descriptor, parsed }: ReadComponent,
  resourceName: string,
  options: OciReadOptions = {},
): Promise<Uint8Array> {
  const resource = descriptor.component.resources.find(({ name }) => name === resourceName)
  const reference = resource?.access['localReference']
  const layer = parsed.layers.find(({ digest }) => digest === reference)
  if (layer === undefined) {
    throw new UserError('OCM_RESOURCE', `${store.location} has no local resource "${resourceName}".`, {
      hint: `It has: ${descriptor.component.resources.map(({ name }) => name).join(', ') || 'none'}.`,
    })
  }
  return wholeBlob(store, layer, options)
}

async function wholeBlob(
  store: OciStore,
  blob: { readonly digest: Digest; readonly size: number },
  options: OciReadOptions,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.blob(blob, options)) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  if (digestOf(bytes) !== blob.digest)
    throw new Error(`${store.location} gave other bytes than ${blob.digest}`)
  return bytes
}

async function fileOfTar(archive: Uint8Array, where: string): Promise<Uint8Array> {
  const stream = (async function* () {
    yield archive
  })()
  for await (const entry of readTar(stream, { entriesMax: 10, sizeBytesMax: descriptorBytesMax })) {
    if (entry.path !== descriptorFile || entry.type !== 'file') continue
    const pieces: Uint8Array[] = []
    for await (const piece of entry.body()) pieces.push(piece)
    return Buffer.concat(pieces)
  }
  throw noComponent(where, `the archive of its descriptor holds no ${descriptorFile}`)
}

function checkLocalBlobs(descriptor: ComponentDescriptor, digests: readonly string[], where: string): void {
  for (const { name, access } of descriptor.component.resources) {
    const reference = access['localReference']
    if (!isLocalBlob(access) || typeof reference !== 'string' || digests.includes(reference)) continue
    throw noComponent(where, `its resource "${name}" is in ${reference}, which is no layer of it`)
  }
}

const noComponent = (where: string, problem: string): UserError =>
  new UserError('OCM_ARTIFACT', `${where} is no OCM component version: ${problem}.`, {
    hint: 'Check the repository and the tag; push the component again if it is damaged.',
  })
