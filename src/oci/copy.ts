import { UserError } from '../errors.ts'
import type { Digest } from '../lib/digest.ts'
import { mapLimited } from '../lib/limit.ts'
import { type Descriptor, type Platform, platformText, type RawManifest } from './descriptor.ts'
import { isIndexType, isManifestType } from './media-types.ts'
import type { BlobPut, OciStore } from './oci-store.ts'
import { descriptorOf, readManifest } from './read-manifest.ts'
import { storedBlob } from './stored-blob.ts'

export interface CopyImageOptions {
  /** What the copy is called; without it, it is found by its digest only. */
  readonly tag?: string | undefined
  /** What refers to the image and its parts comes along: signatures, attestations. */
  readonly referrers?: boolean
  /** Only the part for this platform, which then has the digest that it has in its index. */
  readonly platform?: Platform | undefined
  /** Blobs at the same time. */
  readonly parallel?: number
  /** The repository of the same registry that the blobs are in, to mount instead of copying. */
  readonly mountFrom?: { readonly registry: string; readonly repository: string } | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CopiedImage {
  readonly descriptor: Descriptor
  /** Digests of blobs, by how they got there. */
  readonly blobs: ReadonlyMap<Digest, BlobPut>
}

const usualParallel = 6
/** An index of indexes of … is an attack. */
const depthMax = 4

/**
 * Copies an image with everything below it, byte for byte: blobs first, then manifests from the bottom up, the tag last.
 * Streams from store to store; nothing goes over the disk, and each blob goes once.
 */
export async function copyImage(
  from: OciStore,
  reference: string,
  to: OciStore,
  options: CopyImageOptions = {},
): Promise<CopiedImage> {
  return copyGraph(from, reference, to, options, new Set())
}

/** @param copied manifests whose referrers were looked for: nobody keeps a registry from naming them in a circle */
async function copyGraph(
  from: OciStore,
  reference: string,
  to: OciStore,
  options: CopyImageOptions,
  copied: Set<Digest>,
): Promise<CopiedImage> {
  const signal = options.signal ?? new AbortController().signal
  const whole = await from.manifest(reference, { signal })
  if (whole === undefined) throw absentError(from, reference)
  const { platform } = options
  const root = platform === undefined ? whole : await imageFor(from, whole, platform, signal)
  const there = options.tag === undefined ? undefined : await to.resolve(options.tag, { signal })
  const isThere = there?.digest === root.digest
  if (isThere && options.referrers !== true) return { descriptor: descriptorOf(root), blobs: new Map() }
  const graph = await readGraph(from, root, signal)
  const blobs = await copyBlobs(from, to, graph.blobs, options, signal)
  for (const manifest of graph.manifests) {
    await to.putManifest(manifest, manifest === root ? options.tag : undefined, { signal })
  }
  if (options.referrers === true) await copyReferrers(from, to, graph.manifests, options, copied)
  return { descriptor: descriptorOf(root), blobs }
}

interface Graph {
  /** Children before those that name them. */
  readonly manifests: readonly RawManifest[]
  readonly blobs: readonly Descriptor[]
}

/** Everything that a manifest names; each once. */
export async function readGraph(store: OciStore, root: RawManifest, signal?: AbortSignal): Promise<Graph> {
  const manifests = new Map<Digest, RawManifest>()
  const blobs = new Map<Digest, Descriptor>()
  const visit = async (manifest: RawManifest, depth: number): Promise<void> => {
    if (manifests.has(manifest.digest)) return
    if (depth > depthMax) throw tooDeepError(store, root)
    const parsed = readManifest(manifest, `${store.location}@${manifest.digest}`)
    if (parsed.kind === 'manifest') {
      for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) {
        // Layers that only their maker may give out stay where their addresses say.
        if (blob.urls === undefined || blob.urls.length === 0) blobs.set(blob.digest, blob)
      }
    } else {
      for (const child of parsed.index.manifests) await visit(await childOf(store, child, signal), depth + 1)
    }
    manifests.set(manifest.digest, manifest)
  }
  await visit(root, 1)
  return { manifests: [...manifests.values()], blobs: [...blobs.values()] }
}

async function childOf(
  store: OciStore,
  child: Descriptor,
  signal: AbortSignal | undefined,
): Promise<RawManifest> {
  if (!isManifestType(child.mediaType) && !isIndexType(child.mediaType)) {
    throw new UserError('OCI_MANIFEST_TYPE', `An index in ${store.location} names "${child.mediaType}".`, {
      hint: 'Only images and indexes of images can be copied.',
    })
  }
  const found = await store.manifest(child.digest, { signal })
  if (found === undefined) throw absentError(store, child.digest)
  return found
}

async function copyBlobs(
  from: OciStore,
  to: OciStore,
  blobs: readonly Descriptor[],
  { parallel = usualParallel, mountFrom }: CopyImageOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, BlobPut>> {
  // The largest first, so that none is left alone at the end.
  const ordered = blobs.toSorted((a, b) => b.size - a.size)
  const puts = await mapLimited(
    ordered,
    parallel,
    async (blob, stop) => {
      const source = storedBlob(from, blob, { mountFrom, signal: stop })
      return [blob.digest, await to.putBlob(source, { signal: stop })] as const
    },
    signal,
  )
  return new Map(puts)
}

async function copyReferrers(
  from: OciStore,
  to: OciStore,
  subjects: readonly RawManifest[],
  options: CopyImageOptions,
  copied: Set<Digest>,
): Promise<void> {
  for (const { digest } of subjects) {
    if (copied.has(digest)) continue
    copied.add(digest)
    const referrers = await from.referrers(digest, { signal: options.signal })
    for (const referrer of referrers) {
      if (copied.has(referrer.digest)) continue
      const others = { ...options, tag: undefined, platform: undefined, referrers: true }
      await copyGraph(from, referrer.digest, to, others, copied)
    }
  }
}

/** The part of an image for a platform; the image itself when it is not an index. */
export async function imageFor(
  store: OciStore,
  root: RawManifest,
  wanted: Platform,
  signal?: AbortSignal,
): Promise<RawManifest> {
  const parsed = readManifest(root, store.location)
  if (parsed.kind === 'manifest') return root
  const found = parsed.index.manifests.find(
    ({ platform }) => platform !== undefined && suits(platform, wanted),
  )
  if (found !== undefined) return imageFor(store, await childOf(store, found, signal), wanted, signal)
  const known = parsed.index.manifests.flatMap(({ platform }) => (platform ? [platformText(platform)] : []))
  throw new UserError(
    'OCI_PLATFORM',
    `${store.location} has no image for ${platformText(wanted)}; it has ${known.join(', ') || 'none'}.`,
    { hint: 'Leave the platform out, or take another base.' },
  )
}

/** arm64 is v8, and arm v7, when nobody says otherwise. */
const usualVariants: { readonly [architecture: string]: string | undefined } = { arm64: 'v8', arm: 'v7' }

function suits(offered: Platform, wanted: Platform): boolean {
  const variantOf = ({ architecture, variant }: Platform) => variant ?? usualVariants[architecture]
  return (
    offered.os === wanted.os &&
    offered.architecture === wanted.architecture &&
    variantOf(offered) === variantOf(wanted)
  )
}

const absentError = (store: OciStore, reference: string): UserError =>
  new UserError('OCI_IMAGE_ABSENT', `There is no image "${reference}" in ${store.location}.`, {
    hint: 'Check the name and the tag. A registry may also hide what the account may not see.',
  })

const tooDeepError = (store: OciStore, { digest }: RawManifest): UserError =>
  new UserError(
    'OCI_INDEX_DEPTH',
    `The index ${digest} in ${store.location} holds indexes more than ${depthMax} deep.`,
    {
      hint: 'No tool makes such images. Do not use it.',
    },
  )
