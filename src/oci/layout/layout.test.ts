import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { digestOf, hexOf } from '../../lib/digest.ts'
import type { RawManifest } from '../descriptor.ts'
import { canonicalManifest } from '../manifest-bytes.ts'
import { mediaTypes } from '../media-types.ts'
import type { BlobSource, OciStore } from '../oci-store.ts'
import { openLayout } from './layout.ts'

let root: string
let count = 0
const newFolder = (): string => join(root, `layout-${count++}`)
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-oci-'))
})
afterAll(() => rm(root, { recursive: true }))

const blobOf = (bytes: Uint8Array): BlobSource => ({
  digest: digestOf(bytes),
  sizeBytes: bytes.length,
  open: async function* () {
    yield bytes
  },
})

async function imageIn(store: OciStore, content: string): Promise<RawManifest> {
  const bytes = Buffer.from(content)
  await store.putBlob(blobOf(bytes))
  const blob = { mediaType: mediaTypes.empty, digest: digestOf(bytes), size: bytes.length }
  return canonicalManifest({ schemaVersion: 2, artifactType: 'test/test', config: blob, layers: [blob] })
}

async function consume(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _piece of stream);
}

test('the same images in the same order make the same folder', async () => {
  const folders = [newFolder(), newFolder()]
  for (const folder of folders) {
    const store = openLayout(folder)
    await store.putManifest(await imageIn(store, 'one'), 'a')
    await store.putManifest(await imageIn(store, 'two'), 'b')
    await store.putManifest(await imageIn(store, 'one'), 'a')
  }

  const [first, second] = await Promise.all(folders.map(contentOf))
  expect(first).toEqual(second)
  expect(Object.keys(first ?? {})).toHaveLength(6)
})

async function contentOf(folder: string): Promise<{ [path: string]: string }> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const texts = files
    .sort()
    .map(async (path) => [path.slice(folder.length), await readFile(path, 'utf8')] as const)
  return Object.fromEntries(await Promise.all(texts))
}

test('tags that are written at once are all kept', async () => {
  const store = openLayout(newFolder())
  const tags = Array.from({ length: 20 }, (_, number) => `tag-${String(number).padStart(2, '0')}`)

  await Promise.all(tags.map(async (tag) => store.putManifest(await imageIn(store, tag), tag)))

  const found: string[] = []
  for await (const tag of store.tags()) found.push(tag)
  expect(found.toSorted()).toEqual(tags)
})

test('a blob that could not be written whole leaves nothing behind', async () => {
  const folder = newFolder()
  const store = openLayout(folder)
  const right = blobOf(Buffer.from('content'))
  const broken: BlobSource = {
    ...right,
    open: async function* () {
      yield Buffer.from('con')
      throw new Error('the line broke')
    },
  }

  await expect(store.putBlob(broken)).rejects.toThrow('the line broke')
  expect(await readdir(join(folder, 'blobs/sha256'))).toEqual([])
  expect(await store.putBlob(right)).toBe('uploaded')
})

describe('a layout that is damaged is refused, never taken for an empty one', () => {
  const good = async (): Promise<{ folder: string; store: OciStore; manifest: RawManifest }> => {
    const folder = newFolder()
    const store = openLayout(folder)
    const manifest = await imageIn(store, 'content')
    await store.putManifest(manifest, 'v1')
    return { folder, store, manifest }
  }
  const content = Buffer.from('content')
  const blobAt = (folder: string, bytes: Uint8Array): string =>
    join(folder, 'blobs/sha256', hexOf(digestOf(bytes)))

  test.each<[string, (layout: Awaited<ReturnType<typeof good>>) => Promise<unknown>]>([
    [
      'no-index',
      async ({ folder, store }) => {
        await rm(join(folder, 'index.json'))
        return store.manifest('v1')
      },
    ],
    [
      'other-version',
      async ({ folder, store }) => {
        await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}')
        return store.manifest('v1')
      },
    ],
    [
      'index-cut-off',
      async ({ folder, store }) => {
        await writeFile(join(folder, 'index.json'), '{"schemaVersion":2,"manifests":[')
        return store.putManifest(await imageIn(store, 'more'), 'v2')
      },
    ],
    [
      'index-leads-out',
      async ({ folder, store }) => {
        const entry = { mediaType: mediaTypes.manifest, digest: 'sha256:../../../../etc/passwd', size: 1 }
        await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
        return store.manifest('v1')
      },
    ],
    [
      'manifest-absent',
      async ({ folder, store, manifest }) => {
        await rm(blobAt(folder, manifest.bytes))
        return store.manifest('v1')
      },
    ],
    [
      'manifest-other-bytes',
      async ({ folder, store, manifest }) => {
        await writeFile(blobAt(folder, manifest.bytes), `${Buffer.from(manifest.bytes)}\n`)
        return store.manifest('v1')
      },
    ],
    [
      'blob-other-bytes',
      async ({ folder, store }) => {
        await writeFile(blobAt(folder, content), 'CONTENT')
        return consume(store.blob({ digest: digestOf(content), size: content.length }))
      },
    ],
    [
      'blob-longer',
      async ({ folder, store }) => {
        await writeFile(blobAt(folder, content), 'content and more')
        return consume(store.blob({ digest: digestOf(content), size: content.length }))
      },
    ],
    [
      'manifest-of-another-type',
      async ({ store }) => {
        const bytes = Buffer.from(
          '{"schemaVersion":1,"mediaType":"application/vnd.docker.distribution.manifest.v1+json"}',
        )
        const mediaType = 'application/vnd.docker.distribution.manifest.v1+json'
        return store.putManifest({ bytes, digest: digestOf(bytes), mediaType }, 'old')
      },
    ],
    [
      'a-file-in-its-place',
      async () => {
        const path = newFolder()
        await writeFile(path, 'a file')
        const store = openLayout(path)
        return store.putManifest(await imageIn(store, 'content'), 'v1')
      },
    ],
    [
      'a-folder-in-place-of-the-index',
      async ({ folder, store }) => {
        await rm(join(folder, 'index.json'))
        await mkdir(join(folder, 'index.json'))
        return store.manifest('v1')
      },
    ],
  ])('%s', async (name, use) => {
    const error = await use(await good()).then(
      () => 'it was accepted',
      (failure: unknown) => failure,
    )

    const text = failureText(error)
      .replaceAll(/layout-\d+/g, 'LAYOUT')
      .replaceAll(root, 'FOLDER')
    await expect(text).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})
