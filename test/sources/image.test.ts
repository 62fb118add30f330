import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openArtifactStore } from '../../src/artifacts/store.ts'
import { digestOf } from '../../src/lib/digest.ts'
import { anonymous } from '../../src/oci/credentials/credential.ts'
import type { LayerCompression } from '../../src/oci/layers/build-layer.ts'
import type { LayerEntry } from '../../src/oci/layers/layer-entry.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { image } from '../../src/sources/image/image.ts'
import type { Source } from '../../src/sources/source.ts'
import { Podman } from '../clients/podman.ts'
import { entriesOfTree, putSample, sampleTree, textFile } from '../oci/sample-image.ts'
import { type DockerRegistry, startDockerRegistry } from '../servers/docker-registry.ts'
import { failureOf, type Project, signal, useProject } from './project.ts'

const project = useProject()
let podman: Podman
let registry: DockerRegistry
let folder: string
let first: readonly LayerEntry[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-image-source-'))
  first = await entriesOfTree(await sampleTree(folder))
  podman = await Podman.create()
  registry = await startDockerRegistry()
})
afterAll(async () => {
  await podman.remove()
  await registry.stop()
  await rm(folder, { recursive: true, force: true })
})

const second: readonly LayerEntry[] = [
  textFile('etc/greeting', 'hello again\n'),
  textFile('etc/.wh.-first', ''),
]
const empty: readonly LayerEntry[] = []

async function push(name: string, compression: LayerCompression = 'gzip'): Promise<string> {
  const to: OciStore = openRegistry({
    host: registry.host,
    credentials: anonymous,
    environment: {},
    maskSecret: () => undefined,
  }).repository(name)
  const options = { scratch: project().folder, compression }
  const { digest } = await putSample(to, '1.0', [first, empty, second, empty], options)
  return `${registry.host}/${name}@${digest}`
}

const source = (written: object, context: Project = project()): Source =>
  image.create(image.options.parse(written), context)

describe('an image of a registry', () => {
  test.each<LayerCompression>(['gzip', 'zstd', 'none'])(
    'with layers in %s is a file that podman loads and runs under its tag',
    async (compression) => {
      const reference = await push(`load/${compression}`, compression)
      const tag = 'gcr.io/google_containers/sample:3.0'

      const { files } = await source({ reference, tag, name: 'sample.tar' }).fetch(signal)

      expect(files).toMatchObject([{ path: 'sample.tar', mode: 0o644 }])
      const file = project().store.path(files[0]?.digest ?? 'sha256:')
      await podman.must('podman', 'load', '--input', file)
      expect(await podman.must('podman', 'run', '--rm', '--network=none', tag)).toBe(
        'hello again\nhawser\n65532\n',
      )
      await podman.must('podman', 'rmi', '--force', tag)
    },
  )

  test('skopeo finds the same layers and configuration in the file', async () => {
    const reference = await push('skopeo')
    const { files } = await source({ reference, tag: 'example.org/app:1' }).fetch(signal)
    const file = project().store.path(files[0]?.digest ?? 'sha256:')

    const [ours, theirs] = await Promise.all(
      [`docker-archive:${file}`, `docker://${reference}`].map(async (place) =>
        JSON.parse(await podman.must('skopeo', 'inspect', '--config', '--tls-verify=false', place)),
      ),
    )

    expect(ours).toEqual(theirs)
    const { stdout } = await promisify(execFile)('tar', ['-xOf', file, 'manifest.json'])
    expect(JSON.parse(stdout)).toMatchObject([{ RepoTags: ['example.org/app:1'] }])
  })

  test('gives the same bytes again, in another store, of a layout as of a registry', async () => {
    const reference = await push('same')
    const digest = reference.slice(reference.indexOf('@') + 1)
    const layout = openLayout(join(project().root, 'images/same'))
    await putSample(layout, '1.0', [first, empty, second, empty], { scratch: project().folder })

    const fetched = await source({ reference, tag: 'example.org/app:1', name: 'app.tar' }).fetch(signal)
    const other = { ...project(), store: await openArtifactStore(join(project().folder, 'other')) }
    const again = await source(
      { reference: `oci:images/same@${digest}`, tag: 'example.org/app:1', name: 'app.tar' },
      other,
    ).fetch(signal)

    expect(again).toEqual(fetched)
  })

  test('is known without the network once it was fetched; another tag is another file', async () => {
    const reference = await push('peek')
    const written = { reference, tag: 'example.org/app:1' }
    expect(await source(written).peek(signal)).toBeUndefined()

    const fetched = await source(written).fetch(signal)
    await registry.empty()

    expect(await source(written).peek(signal)).toEqual(fetched)
    expect(await source({ ...written, tag: 'example.org/app:2' }).peek(signal)).toBeUndefined()
    expect(fetched.files[0]?.path).toBe('peek.tar')
  })

  test('the platform chooses the image of an index', async () => {
    const reference = await push('platform')

    const { files } = await source({ reference, platform: 'linux/arm64' }).fetch(signal)

    const file = project().store.path(files[0]?.digest ?? 'sha256:')
    const config = JSON.parse(await podman.must('skopeo', 'inspect', '--config', `docker-archive:${file}`))
    expect(config.architecture).toBe('arm64')
  })
})

describe('what is wrong is said', () => {
  const refused = async (name: string, written: object) => {
    const said = await failureOf(source(written), project())
    const text = said.replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:DIGEST')
    await expect(text).toMatchFileSnapshot(`testdata/errors/image-${name}.txt`)
  }

  test('an image that is not there', async () => {
    await refused('absent', { reference: `${registry.host}/nothing@sha256:${'a'.repeat(64)}` })
  })

  test('a platform that the index has not', async () => {
    await refused('no-platform', { reference: await push('other-platform'), platform: 'linux/s390x' })
  })

  test('an image for another platform', async () => {
    const layout = openLayout(join(project().root, 'images/arm'))
    const platforms = [{ os: 'linux', architecture: 'arm64', variant: 'v8' }]
    const options = { scratch: project().folder, platforms }
    const { digest } = await putSample(layout, '1.0', [second], options)

    await refused('other-platform', { reference: `oci:images/arm@${digest}` })
  })

  test('a folder without a layout', async () => {
    await refused('no-layout', { reference: `oci:images/none@sha256:${'a'.repeat(64)}` })
  })

  test('a layer whose content is not what the configuration says, and nothing is kept', async () => {
    const layout = openLayout(join(project().root, 'images/odd'))
    const { images } = await putSample(layout, '1.0', [second], { scratch: project().folder })
    const [made] = images
    const manifest = JSON.parse(Buffer.from(made?.manifest.bytes ?? []).toString())
    const other = Buffer.from(await readFile(join(project().root, 'images/odd/oci-layout')))
    const put = (bytes: Uint8Array) =>
      layout.putBlob({
        digest: digestOf(bytes),
        sizeBytes: bytes.length,
        open: async function* () {
          yield bytes
        },
      })
    await put(other)
    manifest.layers[0] = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(other),
      size: other.length,
    }
    const bytes = Buffer.from(JSON.stringify(manifest))
    await layout.putManifest({ mediaType: manifest.mediaType, digest: digestOf(bytes), bytes })

    await refused('other-layer', { reference: `oci:images/odd@${digestOf(bytes)}` })
  })
})
