import { join } from 'node:path'
import { z } from 'zod'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { type Digest, digestOfJson, isDigest } from '../../lib/digest.ts'
import { readBase } from '../../oci/base-image.ts'
import { type Annotations, platformText, type RawManifest, type RuntimeConfig } from '../../oci/descriptor.ts'
import { assembleImage, assembleIndex, type BaseImage, type ImageLayer } from '../../oci/image.ts'
import { buildLayer, compressorId } from '../../oci/layers/build-layer.ts'
import { orderedEntries } from '../../oci/layers/layer-entry.ts'
import { fileSource } from '../../oci/layout/blob-files.ts'
import { openLayout } from '../../oci/layout/layout.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import { formatReference, parseReference } from '../../oci/reference.ts'
import { storedBlob } from '../../oci/stored-blob.ts'
import type { StepContext } from '../../pipeline/step.ts'
import type { ImageResult } from '../images.ts'
import { openRepositoryOf } from '../registries.ts'
import type { ImageDeclaration, ImageVariant } from './declaration.ts'
import { fromDockerfile } from './from-dockerfile.ts'
import type { DigestedEntry } from './layer-entries.ts'

/** What an image is made of, with everything at hand. */
export interface ImageInputs {
  readonly declaration: ImageDeclaration
  /** For each variant, for each layer. */
  readonly layers: readonly (readonly (readonly DigestedEntry[])[])[]
  /** Of the files that a Dockerfile may use. */
  readonly context: Digest | undefined
}

/** Builds the image of each platform into the layout, and the index over them when there are several. */
export async function makeImage(
  { declaration, layers }: ImageInputs,
  to: OciStore,
  tag: string,
  store: ArtifactStore,
  context: StepContext,
): Promise<ImageResult> {
  const annotations = annotationsOf(declaration, context)
  const images: { manifest: RawManifest; platform: ImageVariant['platform'] }[] = []
  for (const [index, variant] of declaration.variants.entries()) {
    const text = platformText(variant.platform)
    context.log(`building ${declaration.image} for ${text}`)
    if (declaration.dockerfile !== undefined) {
      const manifest = await fromDockerfile(declaration.dockerfile, variant, to, store, context)
      images.push({ manifest, platform: variant.platform })
      continue
    }
    const base = await openBase(variant, declaration, context)
    const built: ImageLayer[] = []
    for (const [number, entries] of (layers[index] ?? []).entries()) {
      const layer = await layerOf(entries, base?.image, declaration, store, context)
      built.push({ ...layer, createdBy: `hawser: layer ${number + 1} of ${declaration.image}` })
      const { digest, size } = layer.descriptor
      await to.putBlob(fileSource(await store.verifiedPath(digest), digest, size), context)
    }
    for (const blob of base?.image.layers ?? []) {
      if (base !== undefined)
        await to.putBlob(storedBlob(base.store, blob, { signal: context.signal }), context)
    }
    const { manifest, config } = assembleImage({
      platform: variant.platform,
      base: base?.image,
      layers: built,
      runtime: runtimeOf(variant),
      author: variant.author,
      annotations,
      epoch: context.run.epoch,
    })
    await to.putBlob({
      digest: config.descriptor.digest,
      sizeBytes: config.bytes.length,
      open: async function* (startByte = 0) {
        yield config.bytes.subarray(startByte)
      },
    })
    await to.putManifest(manifest)
    images.push({ manifest, platform: variant.platform })
  }
  return finish(images, annotations, declaration.image, to, tag)
}

async function finish(
  images: readonly { readonly manifest: RawManifest; readonly platform: ImageVariant['platform'] }[],
  annotations: Annotations,
  name: string,
  to: OciStore,
  tag: string,
): Promise<ImageResult> {
  const [first] = images
  if (first === undefined) throw new Error('An image has a platform')
  const root = images.length === 1 ? first.manifest : assembleIndex(images, annotations)
  await to.putManifest(root, tag)
  const manifests = images.map(({ manifest: { digest, mediaType }, platform }) => ({
    platform: platformText(platform),
    digest,
    mediaType,
  }))
  const { digest, mediaType } = root
  const all = root === first.manifest ? manifests : [...manifests, { digest, mediaType }]
  return { image: { name, digest, mediaType, manifests: all } }
}

/** Where it comes from and what it is; what the file says counts more. */
function annotationsOf({ image, annotations }: ImageDeclaration, { run }: StepContext): Annotations {
  const prefix = 'org.opencontainers.image.'
  return {
    [`${prefix}title`]: image,
    [`${prefix}version`]: run.version,
    [`${prefix}revision`]: run.commit,
    ...annotations,
  }
}

interface OpenBase {
  readonly store: OciStore
  readonly image: BaseImage
}

async function openBase(
  { base, platform }: ImageVariant,
  { registries }: ImageDeclaration,
  context: StepContext,
): Promise<OpenBase | undefined> {
  if (base === undefined) return undefined
  if (base.from === 'layout') {
    const store = openLayout(join(context.root, base.folder))
    return { store, image: await readBase(store, base.tag, base.folder, platform, context.signal) }
  }
  const store = openRepositoryOf(base.reference, registries, context)
  const { digest, ...name } = parseReference(base.reference)
  const image = await readBase(store, digest ?? '', formatReference(name), platform, context.signal)
  return { store, image }
}

function runtimeOf({
  entrypoint,
  command,
  environment,
  user,
  workdir,
  labels,
  ...rest
}: ImageVariant): RuntimeConfig {
  const { ports, volumes, stopSignal } = rest
  const names = (list: readonly string[]) => Object.fromEntries(list.map((one) => [one, {}]))
  return {
    ...(user !== undefined && { User: user }),
    ...(ports.length > 0 && {
      ExposedPorts: names(ports.map((port) => (port.includes('/') ? port : `${port}/tcp`))),
    }),
    ...(Object.keys(environment).length > 0 && {
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    }),
    ...(entrypoint !== undefined && { Entrypoint: entrypoint }),
    ...(command !== undefined && { Cmd: command }),
    ...(volumes.length > 0 && { Volumes: names(volumes) }),
    ...(workdir !== undefined && { WorkingDir: workdir }),
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
    ...(stopSignal !== undefined && { StopSignal: stopSignal }),
  }
}

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value))
const layerRecord = z.object({
  descriptor: z.object({ mediaType: z.string(), digest, size: z.number() }),
  diffId: digest,
})
type BuiltLayer = z.infer<typeof layerRecord>

/**
 * The time of files in layers, 1980-01-01: the first that every archive format knows. Not the commit's, which would make
 * every layer of every release another one, to be pushed and pulled again.
 */
const fileTime = 315_532_800

/** The identity of a layer: what is in it, and what compressed it. A release that changes nothing of it takes the one that is there. */
export function layerKey(
  entries: readonly DigestedEntry[],
  parents: 'added' | 'implied',
  compression: ImageDeclaration['compression'],
): Digest {
  const identity = entries.map((entry) => {
    if (entry.type !== 'file') return entry
    const { open: _bytes, ...rest } = entry
    return rest
  })
  return digestOfJson({ layer: 1, entries: identity, parents, compressor: compressorId(compression) })
}

async function layerOf(
  entries: readonly DigestedEntry[],
  base: BaseImage | undefined,
  { compression }: ImageDeclaration,
  store: ArtifactStore,
  { signal }: StepContext,
): Promise<BuiltLayer> {
  const parents = base === undefined ? 'added' : 'implied'
  const key = layerKey(entries, parents, compression)
  const known = layerRecord.safeParse(await store.getRecord(key))
  if (known.success && (await store.has(known.data.descriptor.digest))) return known.data
  const outputPath = join(await store.scratch('temporary'), `${process.pid}-${crypto.randomUUID()}`)
  const ordered = orderedEntries(entries, parents)
  const { descriptor, diffId } = await buildLayer(ordered, {
    epoch: fileTime,
    compression,
    outputPath,
    signal,
  })
  await store.add(outputPath, { take: true, expected: descriptor.digest })
  const { mediaType, digest: own, size } = descriptor
  const built = { descriptor: { mediaType, digest: own, size }, diffId }
  await store.putRecord(key, built)
  return built
}
