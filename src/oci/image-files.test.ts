import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ByteStream } from '../archive/compression.ts'
import { failureText } from '../errors.ts'
import { type Digest, digestOf } from '../lib/digest.ts'
import type { RawManifest } from './descriptor.ts'
import { assembleImage, assembleIndex } from './image.ts'
import { checkImage } from './image-check.ts'
import { readImageFiles } from './image-files.ts'
import type { LayerEntry } from './layers/layer-entry.ts'
import { layerTar } from './layers/layer-tar.ts'
import { openLayout } from './layout/layout.ts'
import { mediaTypes } from './media-types.ts'
import type { OciStore } from './oci-store.ts'

const owner = { ownerId: 0, groupId: 0 }
const file = (path: string, text = ''): LayerEntry => ({
  ...owner,
  type: 'file',
  path,
  mode: 0o644,
  sizeBytes: text.length,
  open: () => one(Buffer.from(text)),
})
const folder = (path: string): LayerEntry => ({ ...owner, type: 'directory', path, mode: 0o755 })
const link = (path: string, target: string): LayerEntry => ({
  ...owner,
  type: 'symlink',
  path,
  mode: 0o777,
  target,
})

async function* one(bytes: Uint8Array): ByteStream {
  if (bytes.length > 0) yield bytes
}

let root: string
let store: OciStore
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-files-'))
  store = openLayout(join(root, 'layout'))
})
afterAll(() => rm(root, { recursive: true }))

async function put(bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes)
  await store.putBlob({ digest, sizeBytes: bytes.length, open: () => one(bytes) })
  return digest
}

const usual = { os: 'linux', architecture: 'amd64' }

async function imageOf(
  layers: readonly (readonly LayerEntry[])[],
  { platform = usual, diffId }: { platform?: typeof usual; diffId?: Digest } = {},
) {
  const built = []
  for (const entries of layers) {
    const pieces: Uint8Array[] = []
    for await (const piece of layerTar(entries, 1)) pieces.push(Uint8Array.from(piece))
    const bytes = Buffer.concat(pieces)
    const digest = await put(bytes)
    const descriptor = { mediaType: mediaTypes.layerTar, digest, size: bytes.length }
    built.push({ descriptor, diffId: diffId ?? digest, createdBy: 'test' })
  }
  const image = assembleImage({ platform, layers: built, runtime: {}, annotations: {}, epoch: 1 })
  await put(image.config.bytes)
  await store.putManifest(image.manifest)
  return image
}

const pathsOf = async (manifest: RawManifest): Promise<readonly string[]> =>
  (await readImageFiles(store, manifest)).map(({ path, layer }) => `${path} ${layer}`)

describe('the files of an image', () => {
  test('a later layer adds, replaces and removes', async () => {
    const { manifest } = await imageOf([
      [folder('etc'), file('etc/a', '1'), file('etc/b'), folder('var'), folder('var/x'), file('var/x/y')],
      [file('etc/a', '2'), file('etc/.wh.b'), file('etc/c'), file('.wh.var')],
    ])

    expect(await pathsOf(manifest)).toEqual(['etc 0', 'etc/a 1', 'etc/c 1'])
    const [, changed] = await readImageFiles(store, manifest)
    expect(changed).toMatchObject({ type: 'file', sizeBytes: 1, digest: digestOf('2') })
  })

  test('an emptied folder keeps what the same layer puts into it, wherever that stands', async () => {
    const { manifest } = await imageOf([
      [folder('a'), file('a/-old'), file('a/old')],
      [folder('a'), file('a/-new'), file('a/.wh..wh..opq'), file('a/new')],
    ])

    expect(await pathsOf(manifest)).toEqual(['a 1', 'a/-new 1', 'a/new 1'])
  })

  test('a file or a link in the place of a folder takes all of it away', async () => {
    const { manifest } = await imageOf([
      [folder('a'), file('a/x'), folder('b'), file('b/x')],
      [file('a'), link('b', 'c')],
    ])

    expect(await pathsOf(manifest)).toEqual(['a 1', 'b 1'])
  })

  test('links of folders are followed, and never out of the image', async () => {
    const { manifest } = await imageOf([
      [folder('usr'), folder('usr/lib'), link('lib', 'usr/lib'), link('up', '../../..'), link('abs', '/lib')],
      [file('lib/one'), file('up/two'), file('abs/three'), file('usr/lib/.wh.gone')],
    ])

    expect(await pathsOf(manifest)).toEqual(
      [
        ...['abs 0', 'lib 0', 'two 1', 'up 0', 'usr 0', 'usr/lib 0', 'usr/lib/one 1', 'usr/lib/three 1'],
      ].toSorted(),
    )
  })
})

test('an index is checked whole, for each platform', async () => {
  const intel = await imageOf([[file('a')]])
  const arm = await imageOf([[file('b')]], { platform: { os: 'linux', architecture: 'arm64' } })
  const index = assembleIndex([intel, arm], {})
  await store.putManifest(index, 'multi')

  const found = await checkImage(store, index)

  expect(found.map(({ platform, files }) => [platform.architecture, files[0]?.path])).toEqual([
    ['amd64', 'a'],
    ['arm64', 'b'],
  ])
})

describe('images that contradict themselves are refused', () => {
  const wrong: { readonly [name: string]: () => Promise<RawManifest> } = {
    'image-links-in-a-circle': async () =>
      (await imageOf([[link('a', 'b'), link('b', 'a')], [file('a/x')]])).manifest,
    'image-other-content': async () =>
      (await imageOf([[file('a')]], { diffId: digestOf('something else') })).manifest,
    'image-other-platform': async () => {
      const image = await imageOf([[file('a')]])
      return assembleIndex([{ ...image, platform: { os: 'linux', architecture: 's390x' } }], {})
    },
    'image-fewer-layers': async () => {
      const { config } = await imageOf([[file('a')], [file('b')]])
      const { manifest } = assembleImage({
        platform: usual,
        layers: [],
        runtime: {},
        annotations: {},
        epoch: 1,
      })
      const text = Buffer.from(manifest.bytes).toString()
      const changed = { ...JSON.parse(text), config: config.descriptor }
      const bytes = Buffer.from(JSON.stringify(changed))
      return { ...manifest, bytes, digest: digestOf(bytes) }
    },
    'image-huge-configuration': async () => {
      const { manifest, config } = await imageOf([[file('a')]])
      const text = Buffer.from(manifest.bytes).toString()
      const size = `"size":${config.bytes.length}`
      const bytes = Buffer.from(text.replace(size, '"size":99000000000'))
      return { ...manifest, bytes, digest: digestOf(bytes) }
    },
  }

  test.each(Object.entries(wrong))('%s', async (name, make) => {
    const manifest = await make()
    await store.putManifest(manifest)
    const error = await checkImage(store, manifest).then(
      () => 'it was accepted',
      (failure: unknown) => failure,
    )

    const text = failureText(error).replaceAll(root, 'FOLDER')
    await expect(text).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})
