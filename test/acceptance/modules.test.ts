import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { hexOf } from '../../src/lib/digest.ts'
import { readComponent } from '../../src/module/component-artifact.ts'
import { layersAt } from '../../src/oci/attach.ts'
import { anonymous } from '../../src/oci/credentials/credential.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { generateCosignKey } from '../../src/signing/cosign/generate-key.ts'
import { type DockerRegistry, startDockerRegistry } from '../servers/docker-registry.ts'
import { commit, emptyProject, keyPath, newKey, type TestProject, version } from './project.ts'

const samples = join(import.meta.dirname, '../../src/module/testdata/module')

let registry: DockerRegistry
let project: TestProject
/** The same before its release. */
let equal: TestProject
let changed: TestProject

beforeAll(async () => {
  registry = await startDockerRegistry()
  project = await moduleProject()
  equal = await project.copy('equal')
  changed = await project.copy('changed')
})
afterAll(async () => {
  await project.remove()
  await registry.stop()
})

const config = (host: string): string => `project: btp-manager
keys:
  release: { openpgp: { key: "file:${keyPath}" } }
  modules: { cosign: { key: "file:.hawser/keys/cosign.key" } }
modules:
  btp-operator:
    profile: cli-v2
    component: kyma-project.io/module/btp-operator
    channel: alpha
    registry: ${host}/unsigned
    source: https://github.com/example/btp-manager
    ref: refs/heads/main
    manifest:
      files: [config/manifest.yaml]
      images: [{ name: registry.example.org/prod/btp-manager, newTag: "\${version}" }]
    defaultCR: config/default-cr.yaml
    security: sec-scanners-config.yaml
    templates:
      - { file: template.yaml, target: remote }
      - { file: template_control_plane.yaml, target: control-plane }
    identicalTemplates: emit
    assets: { manifest: btp-manager.yaml, defaultCR: btp-operator-default-cr.yaml }
    sign: [modules]
release: { notes: "A module." }
`

const scanners = (tag: string): string => `module-name: btp-operator
rc-tag: ${tag}
dev-branch: main
bdba: ["registry.example.org/prod/btp-manager:${tag}"]
mend: { language: golang-mod, subprojects: false, exclude: ["**/*_test.go"] }
`

async function moduleProject(): Promise<TestProject> {
  const made = await emptyProject({})
  const { privateKeyPem } = await generateCosignKey('')
  await made.write('hawser.yaml', config(registry.host))
  await made.write('.gitignore', '.hawser/\ndist/\n')
  await made.write(keyPath, await newKey())
  await made.write('.hawser/keys/cosign.key', privateKeyPem)
  for (const name of ['manifest.yaml', 'default-cr.yaml'])
    await made.write(`config/${name}`, await readFile(join(samples, name), 'utf8'))
  await made.write('sec-scanners-config.yaml', scanners(version))
  await commit(made, 'A module')
  return made
}

const store = () =>
  openRegistry({
    host: registry.host,
    credentials: anonymous,
    environment: {},
    maskSecret: () => undefined,
  }).repository('unsigned/component-descriptors/kyma-project.io/module/btp-operator')

const assets = [
  'template.yaml',
  'template_control_plane.yaml',
  'btp-manager.yaml',
  'btp-operator-default-cr.yaml',
]

async function otherManifest(of: TestProject): Promise<void> {
  const manifest = await readFile(join(samples, 'manifest.yaml'), 'utf8')
  await of.write('config/manifest.yaml', manifest.replace('replicas: 1', 'replicas: 2'))
  await commit(of, 'Another manifest')
}

describe('a release with a module', () => {
  test('pushes the component, signed, and its files are assets', async () => {
    const ended = await project.hawser(['release', version, '--yes'])

    expect(ended).toMatchObject({ code: 0 })
    const read = await readComponent(store(), version)
    expect(read?.descriptor.component).toMatchObject({
      name: 'kyma-project.io/module/btp-operator',
      version,
      sources: [expect.objectContaining({ access: expect.objectContaining({ type: 'gitHub' }) })],
    })
    const digest = read?.manifest.digest
    if (digest === undefined) throw new Error('Nothing was pushed')
    expect(await layersAt(store(), `sha256-${hexOf(digest)}.sig`)).toHaveLength(1)
    expect(await store().referrers(digest)).toHaveLength(1)
    for (const name of assets) {
      const text = await readFile(join(project.root, 'dist', version, name), 'utf8')
      expect(text).not.toBe('')
    }
    const rendered = await readFile(join(project.root, 'dist', version, 'btp-manager.yaml'), 'utf8')
    expect(rendered).toContain(`image: registry.example.org/prod/btp-manager:${version}`)
    const template = parse(await readFile(join(project.root, 'dist', version, 'template.yaml'), 'utf8'))
    expect(template).toMatchObject({ kind: 'ModuleTemplate', spec: { channel: 'alpha' } })
    const sums = await readFile(join(project.root, 'dist', version, 'SHA256SUMS'), 'utf8')
    for (const name of assets) expect(sums).toContain(`  ${name}\n`)
  })

  test('is already true the second time', async () => {
    const { code, stdout, stderr } = await project.hawser(['release', version, '--yes'])

    expect(code).toBe(0)
    expect(stdout + stderr).toContain('already true')
  })

  test('takes a component that is there with equal content', async () => {
    const before = await store().resolve(version)

    const ended = await equal.hawser(['release', version, '--yes'])

    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stdout + ended.stderr).toContain(`${version} is there`)
    expect(await store().resolve(version)).toEqual(before)
  })

  test('replaces what an attempt left that was never published, and says so in the plan', async () => {
    const before = await store().resolve(version)
    await otherManifest(changed)

    const ended = await changed.hawser(['release', version, '--yes'])

    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stderr).toContain(`:${version}, which was never released`)
    expect(await store().resolve(version)).not.toEqual(before)
  })

  test('refuses other content under a version that is published, says the difference, and pushes nothing', async () => {
    const before = await store().resolve(version)

    const ended = await project.hawser(['release', version, '--yes'])

    expect(ended.code).toBe(5)
    expect(ended.stderr).toContain('MODULE_SWAP')
    expect(ended.stderr).toMatch(/raw-manifest/)
    expect(await store().resolve(version)).toEqual(before)
  })

  test('is refused before anything is pushed when the default resource does not fit its definition', async () => {
    const other = await project.copy('wrong')
    await other.write(
      'config/default-cr.yaml',
      (await readFile(join(samples, 'default-cr.yaml'), 'utf8')).replace('replicas: 2', 'replicas: many'),
    )
    await commit(other, 'A wrong default')

    const ended = await other.hawser(['build', '1.3.0'])

    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/replicas/)
  })
})
