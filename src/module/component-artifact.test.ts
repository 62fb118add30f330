import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { canonicalManifest } from '../oci/manifest-bytes.ts'
import { mediaTypes } from '../oci/media-types.ts'
import {
  assembleComponent,
  componentRepository,
  componentTypes,
  pushComponent,
  readComponent,
  readLocalBlob,
  versionTag,
} from './component-artifact.ts'
import { type ComponentDescriptor, writeDescriptor } from './component-descriptor.ts'
import { moduleBlob, oneFileTar, sourceOf } from './module-blob.ts'
import { memoryStore } from './testdata/memory-store.ts'

const blob = moduleBlob('application/octet-stream', Buffer.from('kind: Namespace\n'))
const descriptor: ComponentDescriptor = {
  meta: { schemaVersion: 'v2' },
  component: {
    name: 'example.org/module/sample',
    version: '1.2.0+b1',
    provider: 'example.org',
    repositoryContexts: [{ type: 'OCIRegistry', baseUrl: 'registry.example.org' }],
    sources: [],
    componentReferences: [],
    resources: [
      {
        name: 'raw-manifest',
        version: '1.2.0+b1',
        type: 'yaml',
        relation: 'local',
        access: {
          type: 'localBlob',
          localReference: blob.descriptor.digest,
          mediaType: 'application/octet-stream',
        },
      },
    ],
  },
}

describe('a component version in a store', () => {
  test('is pushed content first and tag last, and reads back equal', async () => {
    const store = memoryStore()
    const artifact = await assembleComponent(descriptor, [blob])

    await pushComponent(store, artifact, versionTag('1.2.0+b1'))
    const read = await readComponent(store, '1.2.0.build-b1')

    expect(read?.descriptor).toEqual(descriptor)
    expect(store.writes.at(-1)).toBe('manifest 1.2.0.build-b1')
    expect(store.writes).toHaveLength(4)
    if (read === undefined) throw new Error('It was just pushed')
    expect(await readLocalBlob(store, read, 'raw-manifest')).toEqual(blob.bytes)
  })

  test('that is not there is undefined', async () => {
    expect(await readComponent(memoryStore(), '1.0.0')).toBeUndefined()
  })

  test('has the same digest each time', async () => {
    const first = await assembleComponent(descriptor, [blob])
    const second = await assembleComponent(structuredClone(descriptor), [blob])

    expect(second.manifest.digest).toBe(first.manifest.digest)
    expect(first.manifest.digest).toMatchInlineSnapshot(
      `"sha256:e8a13cc6cae225289daa8f4f02cf3c01a85131af69f5e92b3cbee06bce1cad41"`,
    )
  })

  test('equal blobs are one layer', async () => {
    const { layers } = await assembleComponent(descriptor, [blob, blob])

    expect(layers.map((layer) => layer.descriptor.mediaType)).toEqual([
      componentTypes.descriptor,
      'application/octet-stream',
    ])
  })

  test.each([
    ['application/vnd.ocm.software.component-descriptor.v2+yaml', false],
    ['application/vnd.ocm.software.component-descriptor.v2+json', false],
    ['application/vnd.gardener.cloud.cnudie.component-descriptor.v2+yaml+tar', true],
  ])('is read when its descriptor is of the type %s', async (mediaType, isTar) => {
    const plain = Buffer.from(
      mediaType.includes('json') ? JSON.stringify(descriptor) : writeDescriptor(descriptor),
    )
    const bytes = isTar ? await oneFileTar('component-descriptor.yaml', plain) : plain

    const store = await storeWith(mediaType, bytes)

    expect((await readComponent(store, '1.0.0'))?.descriptor).toEqual(descriptor)
  })
})

describe('refused, and why', () => {
  const bad: { readonly [name: string]: () => Promise<unknown> } = {
    'artifact-without-descriptor': async () =>
      readComponent(await storeWith('text/plain', Buffer.from('x')), '1.0.0'),
    'artifact-empty-archive': async () =>
      readComponent(
        await storeWith(componentTypes.descriptor, await oneFileTar('other.yaml', Buffer.from('x'))),
        '1.0.0',
      ),
    'artifact-traversal': async () =>
      readComponent(await storeWith(componentTypes.descriptor, await evilTar()), '1.0.0'),
    'artifact-lost-blob': async () => assembleComponent(descriptor, []),
    'artifact-index': async () => {
      const store = memoryStore()
      const index = canonicalManifest({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] })
      await store.putManifest(index, '1.0.0')
      return readComponent(store, '1.0.0')
    },
    'artifact-unknown-resource': async () => {
      const store = memoryStore()
      await pushComponent(store, await assembleComponent(descriptor, [blob]), 'one')
      const read = await readComponent(store, 'one')
      if (read === undefined) throw new Error('It was just pushed')
      return readLocalBlob(store, read, 'default-cr')
    },
    'repository-upper-case': async () => componentRepository('Prod', 'example.org/module/sample'),
    'version-no-tag': async () => versionTag('1.0.0 beta'),
  }

  test.each(Object.entries(bad))('%s', async (name, act) => {
    const error = await act().catch((caught: unknown) => caught)

    await expect(failureText(error)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})

async function evilTar(): Promise<Uint8Array> {
  return oneFileTar('../component-descriptor.yaml', Buffer.from('meta: {}'))
}

async function storeWith(mediaType: string, bytes: Uint8Array) {
  const store = memoryStore()
  const layer = moduleBlob(mediaType, bytes)
  const config = moduleBlob(componentTypes.config, Buffer.from('{}'))
  for (const one of [layer, blob, config]) await store.putBlob(sourceOf(one))
  const manifest = canonicalManifest({
    schemaVersion: 2,
    config: config.descriptor,
    layers: [layer.descriptor, blob.descriptor],
  })
  await store.putManifest(manifest, '1.0.0')
  return store
}
