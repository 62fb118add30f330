import { type Descriptor, type ImageConfig, platformText, type RawManifest } from './descriptor.ts'
import { readConfig } from './image-config.ts'
import { type ImageFile, readImageFiles } from './image-files.ts'
import type { OciStore } from './oci-store.ts'
import { readManifest } from './read-manifest.ts'

/** An image and where it is. */
export interface PlacedImage {
  readonly store: OciStore
  readonly manifest: RawManifest
}

const linesMax = 20

/**
 * In what two images differ, in lines for people: platforms, configuration, layers, and the files in layers that differ.
 * Empty when they are the same bytes.
 */
export async function imageDifferences(
  ours: PlacedImage,
  theirs: PlacedImage,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  if (ours.manifest.digest === theirs.manifest.digest) return []
  const [a, b] = [ours, theirs].map(({ store, manifest }) => readManifest(manifest, store.location))
  if (a?.kind === 'index' && b?.kind === 'index')
    return indexDifferences(ours, theirs, a.index.manifests, b.index.manifests, signal)
  if (a?.kind !== 'manifest' || b?.kind !== 'manifest') return ['one is an index, and the other is one image']
  const [before, after] = [
    await readConfig(ours.store, a.manifest, ours.store.location, signal),
    await readConfig(theirs.store, b.manifest, theirs.store.location, signal),
  ]
  const lines = [
    ...valueDifferences('configuration', withoutLayers(before), withoutLayers(after)),
    ...valueDifferences('annotations', a.manifest.annotations ?? {}, b.manifest.annotations ?? {}),
    ...layerDifferences(before, after, a.manifest.layers, b.manifest.layers),
  ]
  const isSameContent = sameList(before.rootfs.diff_ids, after.rootfs.diff_ids)
  const files = isSameContent ? [] : await fileDifferences(ours, theirs, signal)
  return [...lines, ...files].slice(0, linesMax)
}

async function indexDifferences(
  ours: PlacedImage,
  theirs: PlacedImage,
  before: readonly Descriptor[],
  after: readonly Descriptor[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const nameOf = ({ platform, digest }: Descriptor): string => (platform ? platformText(platform) : digest)
  const [a, b] = [before, after].map((list) => new Map(list.map((one) => [nameOf(one), one])))
  const lines: string[] = []
  for (const name of new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])) {
    const [own, other] = [a?.get(name), b?.get(name)]
    if (own === undefined || other === undefined) {
      lines.push(`${name}: only ${own === undefined ? 'there' : 'here'}`)
      continue
    }
    const manifests = [await ours.store.manifest(own.digest), await theirs.store.manifest(other.digest)]
    const [left, right] = manifests
    if (left === undefined || right === undefined) continue
    const found = await imageDifferences(
      { store: ours.store, manifest: left },
      { store: theirs.store, manifest: right },
      signal,
    )
    lines.push(...found.map((line) => `${name}: ${line}`))
  }
  return lines.length > 0 ? lines.slice(0, linesMax) : ['the annotations of the index differ']
}

const withoutLayers = ({ rootfs: _layers, history: _history, ...rest }: ImageConfig): object => rest

function valueDifferences(what: string, before: object, after: object): readonly string[] {
  const [a, b] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) => {
    const [own, other] = [JSON.stringify(a.get(key)), JSON.stringify(b.get(key))]
    return own === other ? [] : [`${what}: ${key} is ${own ?? 'absent'} here, and ${other ?? 'absent'} there`]
  })
}

function layerDifferences(
  before: ImageConfig,
  after: ImageConfig,
  ours: readonly Descriptor[],
  theirs: readonly Descriptor[],
): readonly string[] {
  const [a, b] = [before.rootfs.diff_ids, after.rootfs.diff_ids]
  if (a.length !== b.length) return [`${a.length} layers here, and ${b.length} there`]
  return a.flatMap((diffId, index) => {
    if (diffId !== b[index]) return [`layer ${index + 1} has other content`]
    if (ours[index]?.digest === theirs[index]?.digest) return []
    return [`layer ${index + 1} has the same content, compressed by another program or version`]
  })
}

async function fileDifferences(
  ours: PlacedImage,
  theirs: PlacedImage,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const [a, b] = [
    await readImageFiles(ours.store, ours.manifest, { signal }),
    await readImageFiles(theirs.store, theirs.manifest, { signal }),
  ].map((files) => new Map(files.map((file) => [file.path, file])))
  return [...new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])].toSorted().flatMap((path) => {
    const [own, other] = [a?.get(path), b?.get(path)]
    if (own === undefined) return [`/${path} is only there`]
    if (other === undefined) return [`/${path} is only here`]
    const what = differingIn(own, other)
    return what === undefined ? [] : [`/${path} has ${what}`]
  })
}

function differingIn(a: ImageFile, b: ImageFile): string | undefined {
  if (a.type !== b.type) return `another type (${a.type} here, ${b.type} there)`
  if (a.digest !== b.digest) return 'other bytes'
  if (a.mode !== b.mode) return `another mode (${a.mode.toString(8)} here, ${b.mode.toString(8)} there)`
  if (a.ownerId !== b.ownerId || a.groupId !== b.groupId) return 'another owner'
  if (a.mtime !== b.mtime) return 'another time'
  return a.target === b.target ? undefined : 'another target'
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index])
