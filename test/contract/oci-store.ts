import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestOf } from '../../src/lib/digest.ts'
import type { Descriptor, RawManifest } from '../../src/oci/descriptor.ts'
import { canonicalManifest } from '../../src/oci/manifest-bytes.ts'
import { mediaTypes } from '../../src/oci/media-types.ts'
import type { BlobSource, OciStore } from '../../src/oci/oci-store.ts'

/** A blob in memory that can be opened again. */
export function blobOf(bytes: Uint8Array): BlobSource {
  return {
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
    open: async function* (startByte = 0) {
      for (let at = startByte; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
    },
  }
}

export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(Uint8Array.from(piece))
  return Buffer.concat(pieces)
}

export interface PutImage {
  readonly manifest: RawManifest
  readonly config: Buffer
  readonly layer: Buffer
}

/** An image of random bytes with its blobs in the store; the manifest is left to the caller. */
export async function imageIn(store: OciStore, more: object = {}, sizeBytes = 1000): Promise<PutImage> {
  const layer = randomBytes(sizeBytes)
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  )
  for (const bytes of [config, layer]) await store.putBlob(blobOf(bytes))
  const describe = (bytes: Buffer, mediaType: string): Descriptor => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  })
  const manifest = canonicalManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: describe(config, mediaTypes.config),
    layers: [describe(layer, mediaTypes.layerTar)],
    ...more,
  })
  return { manifest, config, layer }
}

const absent = digestOf('there is no such thing')

/** What every place of images promises. `open` gives a new, empty repository. */
export function describeOciStore(open: () => OciStore | Promise<OciStore>): void {
  test('what is not there is absent', async () => {
    const store = await open()

    expect(await store.hasBlob({ digest: absent, size: 1 })).toBe(false)
    expect(await store.manifest('latest')).toBeUndefined()
    expect(await store.manifest(absent)).toBeUndefined()
    expect(await store.resolve('latest')).toBeUndefined()
    expect(await store.referrers(absent)).toEqual([])
    await expect(bytesOf(store.blob({ digest: absent, size: 1 }))).rejects.toMatchObject({
      code: 'OCI_BLOB_ABSENT',
    })
    const tags: string[] = []
    for await (const tag of store.tags()) tags.push(tag)
    expect(tags).toEqual([])
  })

  test('blobs are read back as they were put, once', async () => {
    const store = await open()
    for (const size of [0, 1, 65_536, 3_000_001]) {
      const bytes = randomBytes(size)
      const blob = blobOf(bytes)

      expect(await store.putBlob(blob)).toBe('uploaded')
      expect(await store.putBlob(blob)).toBe('present')
      expect(await store.hasBlob({ digest: blob.digest, size })).toBe(true)
      expect((await bytesOf(store.blob({ digest: blob.digest, size }))).equals(bytes)).toBe(true)
    }
  })

  test('bytes that are not those of the digest are refused, and not kept', async () => {
    const store = await open()
    const wrong = { ...blobOf(Buffer.from('right')), open: blobOf(Buffer.from('wrong')).open }

    await expect(store.putBlob(wrong)).rejects.toThrow()
    expect(await store.hasBlob({ digest: wrong.digest, size: 5 })).toBe(false)
  })

  test('manifests keep their bytes, and are found by tag and digest', async () => {
    const store = await open()
    const { manifest } = await imageIn(store)
    // Valid, and not as we would write it.
    const text = `${JSON.stringify(JSON.parse(Buffer.from(manifest.bytes).toString()), null, 3)}\n`
    const odd = { ...manifest, bytes: Buffer.from(text), digest: digestOf(text) }

    await store.putManifest(odd, 'v1')

    for (const reference of ['v1', odd.digest]) {
      const found = await store.manifest(reference)
      expect(Buffer.from(found?.bytes ?? []).toString()).toBe(text)
      expect(await store.resolve(reference)).toMatchObject({
        digest: odd.digest,
        size: text.length,
        mediaType: mediaTypes.manifest,
      })
    }
  })

  test('a tag names what it was put to last; others stay', async () => {
    const store = await open()
    const [first, second] = [await imageIn(store), await imageIn(store)]
    await store.putManifest(first.manifest, 'a')
    await store.putManifest(first.manifest, 'b')

    await store.putManifest(second.manifest, 'a')

    expect((await store.resolve('a'))?.digest).toBe(second.manifest.digest)
    expect((await store.resolve('b'))?.digest).toBe(first.manifest.digest)
    expect(await store.manifest(first.manifest.digest)).toBeDefined()
    const tags: string[] = []
    for await (const tag of store.tags()) tags.push(tag)
    expect(tags.toSorted()).toEqual(['a', 'b'])
  })

  test('an index names images of several platforms', async () => {
    const store = await open()
    const images = [await imageIn(store), await imageIn(store)]
    for (const { manifest } of images) await store.putManifest(manifest)
    const index = canonicalManifest({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: images.map(({ manifest: { mediaType, digest, bytes } }, number) => ({
        mediaType,
        digest,
        size: bytes.length,
        platform: { os: 'linux', architecture: number === 0 ? 'amd64' : 'arm64' },
      })),
    })

    await store.putManifest(index, 'multi')

    expect((await store.manifest('multi'))?.digest).toBe(index.digest)
    expect((await store.resolve('multi'))?.mediaType).toBe(mediaTypes.index)
  })

  test('what refers to a manifest is found, by type, also when many are put at once', async () => {
    const store = await open()
    const { manifest } = await imageIn(store)
    await store.putManifest(manifest, 'v1')
    const subject = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length }
    const put = async (number: number) => {
      const artifactType = `application/vnd.test.${number % 2}`
      const annotations = { number: String(number) }
      const referrer = await imageIn(store, { artifactType, subject, annotations })
      await store.putManifest(referrer.manifest)
    }

    await Promise.all(Array.from({ length: 8 }, (_, number) => put(number)))

    const all = await store.referrers(manifest.digest)
    expect(all.map(({ annotations }) => annotations?.['number']).toSorted()).toEqual([
      ...Array.from({ length: 8 }, (_, number) => String(number)),
    ])
    const odd = await store.referrers(manifest.digest, { artifactType: 'application/vnd.test.1' })
    expect(odd.map(({ artifactType }) => artifactType)).toEqual(Array(4).fill('application/vnd.test.1'))
  })

  test('a large blob goes through in pieces', async () => {
    const store = await open()
    const piece = randomBytes(1 << 20)
    const hash = createHash('sha256')
    for (let number = 0; number < 24; number++) hash.update(piece)
    const digest = `sha256:${hash.digest('hex')}` as const
    const sizeBytes = 24 << 20
    const source: BlobSource = {
      digest,
      sizeBytes,
      open: async function* (startByte = 0) {
        for (let at = startByte; at < sizeBytes; at += piece.length - (at % piece.length))
          yield piece.subarray(at % piece.length)
      },
    }

    expect(await store.putBlob(source)).toBe('uploaded')

    let readBytes = 0
    for await (const one of store.blob({ digest, size: sizeBytes })) readBytes += one.length
    expect(readBytes).toBe(sizeBytes)
  })
}
