import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildModule } from '../../src/module/build-module.ts'
import { pushComponent, readComponent, readLocalBlob } from '../../src/module/component-artifact.ts'
import { modulectlModule, originModule, sampleInputs } from '../../src/module/testdata/sample-module.ts'
import { openTransportFormat } from '../../src/module/transport-format.ts'
import { copyImage } from '../../src/oci/copy.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import { openRepository } from '../oci/open-repository.ts'
import {
  type DockerRegistry,
  login,
  type RegistryAuth,
  startDockerRegistry,
} from '../servers/docker-registry.ts'

const run = promisify(execFile)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-module-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each<RegistryAuth>(['none', 'basic', 'token'])('a docker-registry with auth "%s"', (auth) => {
  let registry: DockerRegistry
  beforeAll(async () => {
    registry = await startDockerRegistry(auth)
  })
  afterAll(() => registry.stop())

  const storeOf = (repository: string) =>
    openRepository(
      registry.host,
      auth === 'none' ? {} : { credentials: async () => ({ kind: 'password', ...login }) },
      repository,
    )
  const skopeoLogin = auth === 'none' ? [] : ['--creds', `${login.username}:${login.password}`]

  test.each([originModule, modulectlModule])(
    'takes a module ($profile), which reads back equal',
    async (declared) => {
      const built = await buildModule({ ...declared, registry: `${registry.host}/prod` }, sampleInputs)
      const store = storeOf(built.repository)

      await pushComponent(store, built.artifact, built.tag)
      const read = await readComponent(store, built.tag)

      expect(read?.descriptor).toEqual(built.descriptor)
      expect(read?.manifest.digest).toBe(built.artifact.manifest.digest)
      if (read === undefined) throw new Error('It was just pushed')
      expect(Buffer.from(await readLocalBlob(store, read, 'raw-manifest'))).toEqual(
        Buffer.from(built.artifact.layers[1]?.bytes ?? []),
      )
    },
  )

  test('shows skopeo the manifest as Hawser wrote it, and skopeo copies it', async () => {
    const built = await buildModule({ ...originModule, registry: `${registry.host}/prod` }, sampleInputs)
    await pushComponent(storeOf(built.repository), built.artifact, built.tag)
    const reference = `docker://${registry.host}/${built.repository}:${built.tag}`
    const layout = join(folder, `layout-${auth}`)

    const raw = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', ...skopeoLogin, reference])
    const source = auth === 'none' ? [] : ['--src-creds', `${login.username}:${login.password}`]
    await run('skopeo', [
      'copy',
      '--src-tls-verify=false',
      ...source,
      reference,
      `oci:${layout}:${built.tag}`,
    ])

    expect(raw.stdout).toBe(Buffer.from(built.artifact.manifest.bytes).toString())
    expect((await readComponent(openLayout(layout), built.tag))?.descriptor).toEqual(built.descriptor)
  })
})

test('a transport format brings a module into a registry, byte for byte', async () => {
  const registry = await startDockerRegistry()
  try {
    const built = await buildModule(modulectlModule, sampleInputs)
    const transport = openTransportFormat(join(folder, 'transport'), built.repository)
    await pushComponent(transport, built.artifact, built.tag)
    const store = openRepository(registry.host, {}, built.repository)

    await copyImage(transport, built.tag, store, { tag: built.tag })

    expect((await store.resolve(built.tag))?.digest).toBe(built.artifact.manifest.digest)
  } finally {
    await registry.stop()
  }
})

test("GNU tar reads a module's manifest out of its layer", async () => {
  const built = await buildModule(modulectlModule, sampleInputs)
  const layer = built.artifact.layers[1]
  const child = run('tar', ['--extract', '--to-stdout', 'manifest.yaml'], { encoding: 'buffer' })
  child.child.stdin?.end(layer?.bytes)

  const { stdout } = await child

  const manifest = await readFile(join(import.meta.dirname, '../../src/module/testdata/module/manifest.yaml'))
  expect(stdout).toEqual(manifest)
})
