import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { type Digest, digestOf } from '../lib/digest.ts'
import { copyImage, imageFor } from './copy.ts'
import type { Descriptor, Platform, RawManifest } from './descriptor.ts'
import { openLayout } from './layout/layout.ts'
import { canonicalManifest } from './manifest-bytes.ts'
import { mediaTypes } from './media-types.ts'
import type { BlobSource, OciStore } from './oci-store.ts'
import { descriptorOf } from './read-manifest.ts'

let root: string
let count = 0
const newStore = (): OciStore => openLayout(join(root, `layout-${count++}`))
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-copy-'))
})
afterAll(() => rm(root, { recursive: true }))

const blobOf = (bytes: Uint8Array): BlobSource => ({
  digest: digestOf(bytes),
  sizeBytes: bytes.length,
  open: async function* () {
    yield bytes
  },
})

async function blobIn(store: OciStore, content: string): Promise<Descriptor> {
  const bytes = Buffer.from(content)
  await store.putBlob(blobOf(bytes))
  return { mediaType: mediaTypes.layerTar, digest: digestOf(bytes), size: bytes.length }
}

async function imageIn(store: OciStore, name: string, more: object = {}): Promise<RawManifest> {
  const [config, shared, own] = [
    await blobIn(store, '{}'),
    await blobIn(store, 'shared'),
    await blobIn(store, name),
  ]
  const manifest = canonicalManifest({
    schemaVersion: 2,
    artifactType: 'test/test',
    config: { ...config, mediaType: mediaTypes.empty },
    layers: [shared, own],
    ...more,
  })
  await store.putManifest(manifest)
  return manifest
}

async function indexIn(
  store: OciStore,
  tag: string | undefined,
  images: readonly (readonly [RawManifest, Platform])[],
) {
  const manifests = images.map(([manifest, platform]) => ({ ...descriptorOf(manifest), platform }))
  const index = canonicalManifest({ schemaVersion: 2, manifests })
  await store.putManifest(index, tag)
  return index
}

const amd64 = { os: 'linux', architecture: 'amd64' }
const arm64 = { os: 'linux', architecture: 'arm64' }

/** The store, with what was put into it in its order. */
function recording(store: OciStore): { readonly store: OciStore; readonly puts: string[] } {
  const puts: string[] = []
  const recorded: OciStore = {
    location: store.location,
    hasBlob: (blob) => store.hasBlob(blob),
    blob: (blob) => store.blob(blob),
    manifest: (reference) => store.manifest(reference),
    resolve: (reference) => store.resolve(reference),
    tags: () => store.tags(),
    referrers: (subject) => store.referrers(subject),
    putBlob: async (source) => {
      puts.push(`blob ${source.digest}`)
      return store.putBlob(source)
    },
    putManifest: async (manifest, tag) => {
      puts.push(`manifest ${manifest.digest} ${tag ?? '-'}`)
      return store.putManifest(manifest, tag)
    },
  }
  return { store: recorded, puts }
}

describe('a copy', () => {
  test('puts each blob once, then images, then their index with the tag', async () => {
    const [from, to] = [newStore(), recording(newStore())]
    const [one, two] = [await imageIn(from, 'one'), await imageIn(from, 'two')]
    const index = await indexIn(from, 'v1', [
      [one, amd64],
      [two, arm64],
    ])

    const { descriptor, blobs } = await copyImage(from, 'v1', to.store, { tag: 'v2' })

    expect(descriptor.digest).toBe(index.digest)
    expect(to.puts.slice(-3)).toEqual([
      `manifest ${one.digest} -`,
      `manifest ${two.digest} -`,
      `manifest ${index.digest} v2`,
    ])
    expect(to.puts.filter((put) => put.startsWith('blob'))).toHaveLength(4)
    expect([...blobs.values()]).toEqual(Array(4).fill('uploaded'))
  })

  test('of what is there under the tag asks for nothing else', async () => {
    const [from, to] = [newStore(), newStore()]
    await indexIn(from, 'v1', [[await imageIn(from, 'one'), amd64]])
    await copyImage(from, 'v1', to, { tag: 'v1' })
    const again = recording(to)

    await copyImage(from, 'v1', again.store, { tag: 'v1' })

    expect(again.puts).toEqual([])
  })

  test('of one platform has the digest that it has in its index', async () => {
    const [from, to] = [newStore(), newStore()]
    const two = await imageIn(from, 'two')
    await indexIn(from, 'v1', [
      [await imageIn(from, 'one'), amd64],
      [two, arm64],
    ])

    const { descriptor, blobs } = await copyImage(from, 'v1', to, { tag: 'arm', platform: arm64 })

    expect(descriptor.digest).toBe(two.digest)
    expect(blobs.size).toBe(3)
    expect((await to.resolve('arm'))?.digest).toBe(two.digest)
  })

  test('takes what refers to the image and its parts along, and what refers to that', async () => {
    const [from, to] = [newStore(), newStore()]
    const image = await imageIn(from, 'one')
    const index = await indexIn(from, 'v1', [[image, amd64]])
    const signature = await imageIn(from, 'signature', { subject: descriptorOf(index) })
    const onSignature = await imageIn(from, 'timestamp', { subject: descriptorOf(signature) })
    const sbom = await imageIn(from, 'sbom', { subject: descriptorOf(image) })

    await copyImage(from, 'v1', to, { tag: 'v1', referrers: true })

    expect((await to.referrers(index.digest)).map(({ digest }) => digest)).toEqual([signature.digest])
    expect((await to.referrers(signature.digest)).map(({ digest }) => digest)).toEqual([onSignature.digest])
    expect((await to.referrers(image.digest)).map(({ digest }) => digest)).toEqual([sbom.digest])
  })

  test('ends although the source names referrers in a circle', async () => {
    const [from, to] = [newStore(), newStore()]
    const image = await imageIn(from, 'one')
    await from.putManifest(image, 'v1')
    const circle = { ...recording(from).store, referrers: async () => [descriptorOf(image)] }

    const copied = await copyImage(circle, 'v1', to, { tag: 'v1', referrers: true })

    expect(copied.descriptor.digest).toBe(image.digest)
  })

  test('leaves layers where they are that only their maker may give out', async () => {
    const [from, to] = [newStore(), newStore()]
    const foreign = { ...(await blobIn(from, 'foreign')), urls: ['https://example.org/layer'] }
    const image = await imageIn(from, 'one', { layers: [foreign] })

    const { blobs } = await copyImage(from, image.digest, to)

    expect(blobs.has(foreign.digest)).toBe(false)
  })

  test('that breaks gives nothing a tag', async () => {
    const [from, to] = [newStore(), newStore()]
    await indexIn(from, 'v1', [[await imageIn(from, 'one'), amd64]])
    const breaking: OciStore = {
      ...recording(from).store,
      blob: async function* () {
        yield Buffer.from('o')
        throw new Error('the line broke')
      },
    }

    await expect(copyImage(breaking, 'v1', to, { tag: 'v1' })).rejects.toThrow('the line broke')
    expect(await to.resolve('v1')).toBeUndefined()
  })
})

describe('the image for a platform', () => {
  const offered: readonly Platform[] = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm', variant: 'v6' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
    { os: 'unknown', architecture: 'unknown' },
  ]

  test.each<[string, Platform, number]>([
    ['is that of its architecture', { os: 'linux', architecture: 'amd64' }, 0],
    ['has the usual variant when none is asked for', { os: 'linux', architecture: 'arm' }, 2],
    ['has the variant that is asked for', { os: 'linux', architecture: 'arm', variant: 'v6' }, 1],
    ['is v8 on arm64, said or not', { os: 'linux', architecture: 'arm64' }, 3],
  ])('%s', async (_what, wanted, number) => {
    const store = newStore()
    const images = await Promise.all(offered.map((_, at) => imageIn(store, `image ${at}`)))
    const index = await indexIn(
      store,
      undefined,
      images.map((image, at) => [image, offered[at] ?? amd64] as const),
    )

    expect((await imageFor(store, index, wanted)).digest).toBe(images[number]?.digest)
  })
})

describe('what cannot be copied is refused', () => {
  const wrong: { readonly [name: string]: (from: OciStore) => Promise<string> } = {
    'copy-absent': async () => 'v9',
    'copy-child-absent': async (from) => {
      const child = { mediaType: mediaTypes.manifest, digest: digestOf('lost'), size: 4, platform: amd64 }
      return putIndex(from, [child])
    },
    'copy-child-of-another-type': async (from) =>
      putIndex(from, [{ ...(await blobIn(from, 'zip')), mediaType: 'application/zip' }]),
    'copy-blob-absent': async (from) => {
      const layers = [{ mediaType: mediaTypes.layerTar, digest: digestOf('lost'), size: 4 }]
      return (await imageIn(from, 'one', { layers })).digest
    },
    'copy-too-deep': async (from) => {
      let below = await indexIn(from, undefined, [[await imageIn(from, 'one'), amd64]])
      for (let depth = 0; depth < 4; depth += 1) below = await indexIn(from, undefined, [[below, amd64]])
      return below.digest
    },
    'copy-no-manifest': async (from) => (await blobIn(from, 'just text')).digest,
  }

  async function putIndex(from: OciStore, manifests: readonly Descriptor[]): Promise<Digest> {
    const index = canonicalManifest({ schemaVersion: 2, manifests })
    await from.putManifest(index)
    return index.digest
  }

  test.each(Object.entries(wrong))('%s', async (name, make) => {
    const [from, to] = [newStore(), newStore()]
    const reference = await make(from)
    const error = await copyImage(from, reference, to, { tag: 'v1' }).then(
      () => 'it was copied',
      (failure: unknown) => failure,
    )

    const text = failureText(error)
      .replaceAll(/layout-\d+/g, 'LAYOUT')
      .replaceAll(root, 'FOLDER')
    await expect(text).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
    expect(await to.resolve('v1')).toBeUndefined()
  })
})
