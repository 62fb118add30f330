import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { type Digest, digestOf } from '../lib/digest.ts'
import type { Descriptor } from './descriptor.ts'
import { assembleImage, assembleIndex, type BaseImage, type ImageParts } from './image.ts'
import { mediaTypes } from './media-types.ts'
import { readImageConfig, readManifest } from './read-manifest.ts'

const epoch = 1_760_000_000
const digest = (name: string): Digest => digestOf(name)
const layerOf = (name: string, mediaType: string = mediaTypes.layerGzip): Descriptor => ({
  mediaType,
  digest: digest(name),
  size: name.length,
})

const parts: ImageParts = {
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  layers: [{ descriptor: layerOf('own'), diffId: digest('own diff'), createdBy: 'hawser: files' }],
  runtime: { Env: ['B=2', 'A=1'], Entrypoint: ['/bin/app'], Labels: { b: '2', a: '1' } },
  annotations: { 'org.opencontainers.image.version': '1.2.0' },
  epoch,
}

/** As `docker build` writes it, with null for what is not there. */
const dockerConfig = {
  architecture: 'arm64',
  os: 'linux',
  config: {
    Hostname: '',
    User: 'app',
    Env: ['PATH=/usr/bin:/bin', 'A=base'],
    Cmd: ['serve'],
    Entrypoint: null,
    Volumes: null,
    ExposedPorts: { '80/tcp': {} },
    WorkingDir: '/srv',
    Labels: null,
    OnBuild: null,
  },
  rootfs: { type: 'layers', diff_ids: [digest('base diff')] },
  history: [
    { created: '2024-01-01T00:00:00Z', created_by: 'ADD rootfs' },
    { created: '2024-01-01T00:00:00Z', created_by: 'CMD', empty_layer: true },
  ],
}

const baseWith = (config: object): BaseImage => ({
  layers: [layerOf('base', mediaTypes.dockerLayerGzip)],
  config: readImageConfig(Buffer.from(JSON.stringify({ ...dockerConfig, ...config })), 'the base'),
  digest: digest('base manifest'),
  name: 'registry.example.org/base:1',
})

const configOf = (more: Partial<ImageParts> = {}) =>
  readImageConfig(assembleImage({ ...parts, ...more }).config.bytes, 'the image')

describe('an image from nothing', () => {
  test('has the bytes that it had yesterday', async () => {
    const { manifest, config } = assembleImage(parts)

    await expect(`${Buffer.from(manifest.bytes)}\n${Buffer.from(config.bytes)}\n`).toMatchFileSnapshot(
      'testdata/image-from-nothing.json',
    )
    expect(manifest.digest).toBe(digestOf(manifest.bytes))
    expect(config.descriptor.digest).toBe(digestOf(config.bytes))
  })

  test('does not depend on the order in which maps were written', () => {
    const turned = {
      ...parts,
      runtime: { Labels: { a: '1', b: '2' }, Entrypoint: ['/bin/app'], Env: ['A=1', 'B=2'] },
    }

    expect(assembleImage(turned).manifest.digest).toBe(assembleImage(parts).manifest.digest)
  })
})

describe('an image on a base', () => {
  test('has the layers, contents and history of the base before its own, all of OCI types', () => {
    const { manifest } = assembleImage({ ...parts, base: baseWith({}) })
    const parsed = readManifest(manifest, 'the image')
    const config = configOf({ base: baseWith({}) })

    expect(parsed.kind === 'manifest' && parsed.manifest.layers).toEqual([layerOf('base'), layerOf('own')])
    expect(config.rootfs.diff_ids).toEqual([digest('base diff'), digest('own diff')])
    expect(config.history?.map(({ created_by }) => created_by)).toEqual([
      'ADD rootfs',
      'CMD',
      'hawser: files',
    ])
  })

  test('merges the environment and labels, and keeps the rest that was not given', () => {
    const { config } = configOf({ base: baseWith({}) })

    expect(config?.Env).toEqual(['PATH=/usr/bin:/bin', 'A=1', 'B=2'])
    expect(config?.Labels).toEqual({ a: '1', b: '2' })
    expect(config).toMatchObject({ User: 'app', WorkingDir: '/srv', ExposedPorts: { '80/tcp': {} } })
  })

  test('another entry point takes the arguments of the base away; without one they stay', () => {
    expect(configOf({ base: baseWith({}) }).config?.Cmd).toBeUndefined()
    expect(configOf({ base: baseWith({}), runtime: {} }).config?.Cmd).toEqual(['serve'])
    expect(configOf({ base: baseWith({}), runtime: { Cmd: ['run'] } }).config?.Cmd).toEqual(['run'])
  })

  test('never writes null, which some readers do not know', () => {
    const { config } = assembleImage({ ...parts, base: baseWith({}), runtime: {} })

    expect(Buffer.from(config.bytes).toString()).not.toContain('null')
  })

  test.each([
    ['nothing', { config: null, history: null }],
    ['a history that does not fit', { history: [{ created_by: 'one' }, { created_by: 'two' }] }],
  ])('a base with %s is completed', (_what, more) => {
    const { history } = configOf({ base: baseWith(more) })

    expect(history?.map(({ created_by }) => created_by)).toEqual([
      'registry.example.org/base:1',
      'hawser: files',
    ])
  })

  test('names its base, and does not take over what the base says of itself', () => {
    const parsed = readManifest(assembleImage({ ...parts, base: baseWith({}) }).manifest, 'the image')

    expect(parsed.kind === 'manifest' && parsed.manifest.annotations).toEqual({
      'org.opencontainers.image.base.digest': digest('base manifest'),
      'org.opencontainers.image.base.name': 'registry.example.org/base:1',
      'org.opencontainers.image.created': '2025-10-09T08:53:20Z',
      'org.opencontainers.image.version': '1.2.0',
    })
  })
})

test('an index names each image with its platform, in the given order', () => {
  const arm = assembleImage(parts)
  const intel = assembleImage({ ...parts, platform: { os: 'linux', architecture: 'amd64' } })

  const parsed = readManifest(assembleIndex([intel, arm], { note: 'all' }), 'the index')

  expect(parsed.kind === 'index' && parsed.index.manifests).toEqual([
    {
      mediaType: mediaTypes.manifest,
      digest: intel.manifest.digest,
      size: intel.manifest.bytes.length,
      platform: { os: 'linux', architecture: 'amd64' },
    },
    {
      mediaType: mediaTypes.manifest,
      digest: arm.manifest.digest,
      size: arm.manifest.bytes.length,
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    },
  ])
})

describe('configurations that are wrong are refused', () => {
  test.each<[string, unknown]>([
    ['config-not-json', '{"architecture":'],
    ['config-of-wrong-types', { ...dockerConfig, config: { Env: 'PATH=/bin', Labels: { a: 1 } } }],
    ['config-without-platform', { rootfs: dockerConfig.rootfs }],
    ['config-with-other-digests', { ...dockerConfig, rootfs: { type: 'layers', diff_ids: ['md5:00'] } }],
  ])('%s', async (name, content) => {
    const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
    const read = () => readImageConfig(bytes, 'registry.example.org/app:1')

    await expect(failureOf(read)).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})

function failureOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return failureText(error)
  }
  return 'it was read'
}
