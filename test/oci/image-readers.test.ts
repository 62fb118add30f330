import { execFile } from 'node:child_process'
import { lstat, mkdir, mkdtemp, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBase } from '../../src/oci/base-image.ts'
import { copyImage } from '../../src/oci/copy.ts'
import { anonymous } from '../../src/oci/credentials/credential.ts'
import { checkImage } from '../../src/oci/image-check.ts'
import type { LayerCompression } from '../../src/oci/layers/build-layer.ts'
import type { LayerEntry } from '../../src/oci/layers/layer-entry.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { mustRun } from '../clients/command.ts'
import { Podman } from '../clients/podman.ts'
import { type DockerRegistry, startDockerRegistry } from '../servers/docker-registry.ts'
import { imageSchemaFindings } from './image-schemas.ts'
import { blobText, entriesOfTree, epoch, putSample, sampleTree, textFile } from './sample-image.ts'

const run = promisify(execFile)
const amd64 = { os: 'linux', architecture: 'amd64' }
let folder: string
let podman: Podman
let registry: DockerRegistry
let tree: readonly LayerEntry[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-image-'))
  await mkdir(join(folder, 'tree'))
  tree = await entriesOfTree(await sampleTree(join(folder, 'tree')))
  podman = await Podman.create()
  registry = await startDockerRegistry()
})
afterAll(async () => {
  await podman.remove()
  await registry.stop()
  await rm(folder, { recursive: true, force: true })
})

const repositoryOf = (name: string): OciStore =>
  openRegistry({
    host: registry.host,
    credentials: anonymous,
    environment: {},
    maskSecret: () => undefined,
  }).repository(name)

/** On the first layer: a change, a removal, an emptied folder, and owners with rights of every kind. */
const secondLayer: readonly LayerEntry[] = [
  textFile('etc/greeting', 'hello again\n'),
  textFile('etc/.wh.-first', ''),
  textFile('usr/share/.wh..wh..opq', ''),
  textFile('usr/share/small', 'x'),
  { type: 'directory', path: 'srv/shared', mode: 0o2775, ownerId: 65_532, groupId: 3_000_000 },
  { type: 'directory', path: 'tmp', mode: 0o1777, ownerId: 0, groupId: 0 },
  textFile('bin/set-user', '', { mode: 0o4755 }),
]

describe.each<LayerCompression>(['gzip', 'zstd', 'none'])(
  'an image for two platforms, layers: %s',
  (compression) => {
    let layout: string
    let digest: string
    beforeAll(async () => {
      layout = join(folder, `layout-${compression}`)
      const made = await putSample(openLayout(layout), '1.2.0', [tree, secondLayer], {
        scratch: folder,
        compression,
      })
      digest = made.digest
    })

    test("is what the image specification's schemas say", async () => {
      const index = JSON.parse(await blobText(layout, digest))
      const findings = [
        ...imageSchemaFindings('image-layout', await readFile(join(layout, 'oci-layout'), 'utf8')),
        ...imageSchemaFindings('image-index', await readFile(join(layout, 'index.json'), 'utf8')),
        ...imageSchemaFindings('image-index', JSON.stringify(index)),
      ]
      for (const child of index.manifests) {
        const manifest = JSON.parse(await blobText(layout, child.digest))
        findings.push(...imageSchemaFindings('image-manifest', JSON.stringify(manifest)))
        findings.push(...imageSchemaFindings('config', await blobText(layout, manifest.config.digest)))
      }

      expect(findings).toEqual([])
      expect(index.manifests).toHaveLength(2)
    })

    test('goes through skopeo and a registry with its digests', async () => {
      const remote = `docker://${registry.host}/${compression}/app:1.2.0`
      // Else skopeo takes a blob of the same content that it knows there, in another compression.
      const [copyTo, copyFrom] = ['--dest-tls-verify=false', '--src-tls-verify=false']
      const copy = ['copy', '--all', '--preserve-digests']
      await podman.must('skopeo', ...copy, copyTo, `oci:${layout}:1.2.0`, remote)
      await podman.must('skopeo', ...copy, copyFrom, remote, `oci:${layout}-back:1.2.0`)

      const inspected = JSON.parse(await podman.must('skopeo', 'inspect', '--tls-verify=false', remote))
      expect(inspected.Digest).toBe(digest)
      expect(inspected).toMatchObject({ Os: 'linux', Labels: { 'org.example.team': 'release' } })
      expect((await openLayout(`${layout}-back`).resolve('1.2.0'))?.digest).toBe(digest)
    })

    test('is pulled and run by podman', async () => {
      const name = `${registry.host}/run/${compression}:1.2.0`
      await copyImage(openLayout(layout), '1.2.0', repositoryOf(`run/${compression}`), { tag: '1.2.0' })

      await podman.must('podman', 'pull', '--quiet', name)

      expect(await podman.must('podman', 'run', '--rm', name)).toBe('hello again\nhawser\n65532\n')
      const [inspected] = JSON.parse(await podman.must('podman', 'image', 'inspect', name))
      expect(inspected.Created).toBe('2025-10-09T08:53:20Z')
      expect(inspected.RootFS.Layers).toHaveLength(2)
    })

    test('is what it says, read whole', async () => {
      const root = await openLayout(layout).manifest('1.2.0')
      if (root === undefined) throw new Error('It was put there')

      const [image] = await checkImage(openLayout(layout), root)

      const paths = image?.files.map(({ path }) => path) ?? []
      expect(paths).toContain('usr/share/small')
      expect(paths).not.toContain('usr/share/large')
      expect(paths).not.toContain('etc/-first')
    })
  },
)

test('umoci unpacks files, modes, owners, times, links and removals as they were given', async () => {
  const layout = join(folder, 'layout-umoci')
  await putSample(openLayout(layout), 'one', [tree, secondLayer], { scratch: folder, platforms: [amd64] })

  await mustRun('umoci', ['unpack', '--image', `${layout}:one`, join(folder, 'bundle')])

  const rootfs = join(folder, 'bundle/rootfs')
  const { stdout } = await run('find', [rootfs, '-mindepth', '1', '-printf', '%y %m %U:%G %s %P %l\n'])
  const listing = stdout
    .split('\n')
    // Sizes of folders are those of the disk.
    .map((line) => line.replace(/^d (\S+ \S+) \d+/, 'd $1 -').replace(/ \d+ (bin\/busybox)/, ' - $1'))
    .sort()
    .join('\n')
  await expect(listing).toMatchFileSnapshot('testdata/unpacked.txt')
  expect((await stat(join(rootfs, 'etc/greeting'))).mtimeMs).toBe(epoch * 1000)
  expect((await lstat(join(rootfs, 'greeting'))).mtimeMs).toBe(epoch * 1000)
  expect(await readlink(join(rootfs, 'greeting'))).toBe('/etc/greeting')
})

describe('an image on a base that another tool made', () => {
  let base: string
  beforeAll(async () => {
    base = join(folder, 'base')
    await mustRun('umoci', ['init', '--layout', base])
    await mustRun('umoci', ['new', '--image', `${base}:1`])
    await mustRun('umoci', ['insert', '--image', `${base}:1`, join(folder, 'tree'), '/'])
    await mustRun('umoci', [
      ...['config', '--image', `${base}:1`, '--config.env', 'PATH=/bin', '--config.env', 'BASE=yes'],
      ...['--config.cmd', 'unused', '--config.user', '1000'],
    ])
  })

  const onBase = async (store: OciStore, reference: string, to: OciStore, tag: string) => {
    const image = await readBase(store, reference, 'registry.example.org/base', amd64)
    const layer = [textFile('etc/greeting', 'on a base\n'), textFile('etc/.wh.-first', '')]
    const runtime = {
      Entrypoint: ['/bin/sh', '-c', 'cat /greeting; [ -e /etc/-first ] || echo gone; echo $BASE $OWN; id -u'],
      Env: ['OWN=yes'],
    }
    await putSample(to, tag, [layer], {
      ...{ scratch: folder, platforms: [amd64], runtime },
      base: { store, image },
    })
    return image
  }

  test.each([
    ['an OCI layout', 'oci'],
    ['a registry, with types of Docker', 'v2s2'],
  ] as const)('%s', async (_what, format) => {
    const source = `${registry.host}/base/${format}:1`
    const options = ['--dest-tls-verify=false', '--format', format]
    await podman.must('skopeo', 'copy', ...options, `oci:${base}:1`, `docker://${source}`)
    const store = format === 'oci' ? openLayout(base) : repositoryOf(`base/${format}`)
    const name = `${registry.host}/on/${format}:1`

    const image = await onBase(store, '1', repositoryOf(`on/${format}`), '1')

    await podman.must('podman', 'pull', '--quiet', name)
    expect(await podman.must('podman', 'run', '--rm', name)).toBe('on a base\ngone\nyes yes\n1000\n')
    const inspected = JSON.parse(
      await podman.must('skopeo', 'inspect', '--tls-verify=false', `docker://${name}`),
    )
    expect(inspected.Layers.slice(0, -1)).toEqual(image.layers.map(({ digest }) => digest))
    const root = await repositoryOf(`on/${format}`).manifest('1')
    if (root === undefined) throw new Error('It was put there')
    const [checked] = await checkImage(repositoryOf(`on/${format}`), root)
    expect(checked?.files.find(({ path }) => path === 'etc/greeting')).toMatchObject({
      layer: image.layers.length,
    })
  })
})

test('podman and skopeo choose the image for another platform', async () => {
  const name = `${registry.host}/platforms/app:1`
  await putSample(repositoryOf('platforms/app'), '1', [tree], { scratch: folder })

  await podman.must('podman', 'pull', '--quiet', '--platform=linux/arm64', name)

  const [pulled] = JSON.parse(await podman.must('podman', 'image', 'inspect', name))
  expect(pulled).toMatchObject({ Architecture: 'arm64', Os: 'linux' })
  const inspect = ['inspect', '--config', '--tls-verify=false', '--override-arch=arm64']
  const config = JSON.parse(await podman.must('skopeo', ...inspect, `docker://${name}`))
  expect(config).toMatchObject({ architecture: 'arm64', variant: 'v8' })
})

test('buildah goes on from it', async () => {
  const name = `${registry.host}/from/app:1`
  await putSample(repositoryOf('from/app'), '1', [tree], { scratch: folder })

  const container = (await podman.must('buildah', 'from', name)).trim()

  const mounted = (await podman.must('buildah', 'mount', container)).trim()
  expect(await readFile(join(mounted, 'etc/greeting'), 'utf8')).toBe('hello\n')
  await podman.must('buildah', 'rm', container)
})

describe('the bytes depend on nothing but the content', () => {
  const build = async (name: string, prefix: readonly string[], environment: Record<string, string>) => {
    const own = join(folder, name)
    await mkdir(own)
    const process = join(import.meta.dirname, 'image-process.ts')
    const script = 'umask "$1"; shift; cd "$1"; shift; exec "$@"'
    const [umask = '022', ...before] = prefix
    const command = [...before, globalThis.process.execPath, process, own]
    return mustRun('sh', ['-c', script, 'sh', umask, own, ...command], { environment })
  }

  test('not on folders, masks, time zones, languages, cores or the order of the disk', async () => {
    const digests = [
      await build('plain', ['022'], { TZ: 'UTC', LC_ALL: 'C' }),
      await build('other/with/a/longer/name'.replaceAll('/', '-'), ['077'], {
        ...{ TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
        ...{ SOURCE_DATE_EPOCH: '1', UV_THREADPOOL_SIZE: '1' },
      }),
      await build('one-core', ['000', 'taskset', '1'], { TZ: 'America/New_York', LC_ALL: 'C' }),
    ]

    expect(new Set(digests).size).toBe(1)
    expect(digests[0]).toMatch(/^(gzip|zstd|none) sha256:/m)
  })
})
