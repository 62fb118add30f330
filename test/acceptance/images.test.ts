import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hexOf } from '../../src/lib/digest.ts'
import { layersAt } from '../../src/oci/attach.ts'
import { copyImage, readGraph } from '../../src/oci/copy.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import { readManifest } from '../../src/oci/read-manifest.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { generateCosignKey } from '../../src/signing/cosign/generate-key.ts'
import { artifactVerifier } from '../../src/signing/verify/open-verifier.ts'
import { mustRun } from '../clients/command.ts'
import { Podman } from '../clients/podman.ts'
import { bytesOf, imageIn } from '../contract/oci-store.ts'
import { type DockerRegistry, login, startDockerRegistry } from '../servers/docker-registry.ts'
import { commit, emptyProject, keyPath, newKey, type TestProject, version } from './project.ts'

let registry: DockerRegistry
let podman: Podman
let project: TestProject

beforeAll(async () => {
  registry = await startDockerRegistry('basic')
  podman = await Podman.create()
  project = await imageProject(registry.host)
})
afterAll(async () => {
  await project.remove()
  await podman.remove()
  await registry.stop()
})

const config = (host: string): string => `project: hello
version: { build: 1 }
keys:
  release: { openpgp: { key: "file:${keyPath}" } }
  images: { cosign: { key: "file:.hawser/keys/cosign.key", password: "env:COSIGN_PASSWORD" } }
packages:
  hello-data:
    formats: [deb]
    architectures: [all]
    summary: Greetings
    maintainer: Release Team <release@example.org>
    license: MIT
    contents:
      - { from: files/greeting, to: /usr/share/hello/greeting }
registries:
  "${host}": { username: ${login.username}, password: "env:REGISTRY_PASSWORD" }
images:
  hello:
    platforms: [linux/amd64, linux/arm64]
    layers:
      - contents:
          - { from: files/busybox, to: /bin/busybox }
          - { symlink: /bin/sh, target: busybox }
      - packages: [hello-data]
      - contents:
          - { from: "files/\${arch}/**", to: /etc/hello/, mode: 0600, owner: "65532", group: "65532" }
          - { directory: /tmp, mode: 01777 }
    entrypoint: [/bin/sh, -c, "/bin/busybox cat /usr/share/hello/greeting /etc/hello/machine; /bin/busybox id -u"]
    environment: { PATH: /bin }
    user: "65532:65532"
    workdir: /tmp
    labels: { org.example.team: release }
    annotations: { org.opencontainers.image.licenses: MIT }
    push: ["${host}/team/hello"]
    tags: ["\${version}", stable]
    sign: [images]
    attest: true
release: { notes: "Images." }
`

async function imageProject(host: string): Promise<TestProject> {
  const made = await emptyProject({})
  await made.write('hawser.yaml', config(host))
  await made.write('.gitignore', '.hawser/\ndist/\n')
  await made.write(keyPath, await newKey())
  const { privateKeyPem, publicKeyPem } = await generateCosignKey(cosignPassword)
  await made.write('.hawser/keys/cosign.key', privateKeyPem)
  await made.write('.hawser/keys/cosign.pub', publicKeyPem)
  await made.write('files/greeting', 'Hello!\n')
  await made.write('files/amd64/machine', 'amd64\n')
  await made.write('files/arm64/machine', 'arm64\n')
  await mkdir(join(made.root, 'files'), { recursive: true })
  await copyFile('/bin/busybox', join(made.root, 'files/busybox'))
  await chmod(join(made.root, 'files/busybox'), 0o755)
  await commit(made, 'Say hello')
  return made
}

const cosignPassword = 'the-password-of-a-key'
const withPassword = { environment: { REGISTRY_PASSWORD: login.password, COSIGN_PASSWORD: cosignPassword } }
const registryStore = () =>
  openRegistry({
    host: registry.host,
    credentials: async () => ({ kind: 'password', ...login }),
    environment: {},
    maskSecret: () => undefined,
  }).repository('team/hello')
const reference = (): string => `${registry.host}/team/hello`
const tls = '--tls-verify=false'

describe('a release with images', () => {
  test('builds them for each platform, pushes them, and other programs run them', async () => {
    const ended = await project.hawser(['release', version, '--yes'], withPassword)

    expect(ended).toMatchObject({ code: 0 })
    for (const secret of [login.password, cosignPassword])
      expect(ended.stdout + ended.stderr).not.toContain(secret)
    const credentials = ['--creds', `${login.username}:${login.password}`]
    const raw = await podman.must(
      'skopeo',
      'inspect',
      tls,
      ...credentials,
      '--raw',
      `docker://${reference()}:${version}`,
    )
    const index = JSON.parse(raw)
    expect(index.manifests.map(({ platform }: { platform: object }) => platform)).toEqual([
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ])
    expect(index.annotations).toMatchObject({
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'MIT',
    })
    await podman.must('podman', 'pull', tls, ...credentials, `${reference()}:stable`)
    expect(await podman.must('podman', 'run', '--rm', `${reference()}:stable`)).toBe('Hello!\namd64\n65532\n')
    const inspected = JSON.parse(await podman.must('podman', 'image', 'inspect', `${reference()}:stable`))
    expect(inspected[0].Config).toMatchObject({
      User: '65532:65532',
      WorkingDir: '/tmp',
      Labels: { 'org.example.team': 'release' },
    })
    const made = await podman.must('buildah', 'from', tls, ...credentials, `${reference()}:${version}`)
    expect(made.trim()).not.toBe('')
  })

  test('signs the index and each image; openssl and the offline verifier accept the signatures', async () => {
    const store = registryStore()
    const publicKey = await readFile(join(project.root, '.hawser/keys/cosign.pub'), 'utf8')
    const verifier = await artifactVerifier({ publicKeysPem: [publicKey] })
    const root = await store.manifest(version)
    if (root === undefined) throw new Error('Nothing was pushed')
    const { manifests } = await readGraph(store, root)
    expect(manifests).toHaveLength(3)
    for (const { digest } of manifests) {
      const [layer] = await layersAt(store, `sha256-${hexOf(digest)}.sig`)
      if (layer === undefined) throw new Error('There is no signature')
      const payload = await bytesOf(store.blob(layer))
      const { by } = await verifier.verifySimple(payload, layer.annotations ?? {}, digest)
      expect(by.kind).toBe('key')
      await project.write('dist/payload', payload.toString())
      const signature = layer.annotations?.['dev.cosignproject.cosign/signature'] ?? ''
      await mustRun('sh', ['-c', `echo ${signature} | base64 -d > dist/signature`], { cwd: project.root })
      const args = [
        '-sha256',
        '-verify',
        '.hawser/keys/cosign.pub',
        '-signature',
        'dist/signature',
        'dist/payload',
      ]
      expect(await mustRun('openssl', ['dgst', ...args], { cwd: project.root })).toContain('Verified OK')
      const types: string[] = []
      for (const referrer of await store.referrers(digest)) {
        const manifest = await store.manifest(referrer.digest)
        const parsed = manifest && readManifest(manifest, 'referrer')
        if (parsed?.kind !== 'manifest') throw new Error('A referrer is a manifest')
        const [bundle] = parsed.manifest.layers
        if (bundle === undefined) throw new Error('A bundle is a layer')
        const { statement } = await verifier.verifyBundle(await bytesOf(store.blob(bundle)), digest)
        types.push(statement.predicateType)
      }
      expect(types.toSorted()).toEqual([
        'https://cyclonedx.org/bom',
        'https://sigstore.dev/cosign/sign/v1',
        'https://slsa.dev/provenance/v1',
        'https://spdx.dev/Document',
      ])
      const attested = await layersAt(store, `sha256-${hexOf(digest)}.att`)
      expect(attested).toHaveLength(3)
    }
  })

  test('is verified as users get it, and what was exchanged is found', async () => {
    const { code, stdout } = await project.hawser(['verify', version], withPassword)

    expect({ code, stdout }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(/image .*team\/hello@sha256:[0-9a-f]{64}, 3 manifests, signed by images, attested/)
    const store = registryStore()
    const there = await store.manifest(version)
    const other = await imageIn(store)
    await store.putManifest(other.manifest, version)
    const exchanged = await project.hawser(['verify', version], withPassword)
    expect(exchanged.code).toBe(1)
    expect(exchanged.stdout + exchanged.stderr).toContain('IMAGE_TAGS')
    await store.putManifest(other.manifest, 'stable')
    const unsigned = await project.hawser(['verify', version], withPassword)
    expect(unsigned.stdout + unsigned.stderr).toContain('IMAGE_UNSIGNED')
    for (const tag of [version, 'stable']) if (there !== undefined) await store.putManifest(there, tag)
  })

  test('is what its commit builds; what was planted is named', async () => {
    const same = await project.hawser(['verify', version, '--rebuild'], withPassword)
    expect(same).toMatchObject({ code: 0 })
    expect(same.stdout).toContain('is what its commit builds')

    const planted = await project.copy('planted')
    await planted.write('files/greeting', 'Good bye!\n')
    expect(await planted.hawser(['build', version], withPassword)).toMatchObject({ code: 0 })
    const store = registryStore()
    const there = await store.manifest(version)
    await copyImage(openLayout(join(planted.root, 'dist', version, 'hello.oci')), version, store)
    const wrong = await openLayout(join(planted.root, 'dist', version, 'hello.oci')).manifest(version)
    for (const tag of [version, 'stable']) if (wrong !== undefined) await store.putManifest(wrong, tag)

    const { code, stdout } = await project.hawser(['verify', version, '--rebuild'], withPassword)

    expect(code).toBe(1)
    expect(stdout).toContain('IMAGE_REBUILD')
    expect(stdout).toContain('linux/amd64: layer 2 has other content')
    expect(stdout).toContain('linux/amd64: /usr/share/hello/greeting has other bytes')
    for (const tag of [version, 'stable']) if (there !== undefined) await store.putManifest(there, tag)
  })

  test('is already true the second time, and nothing is written', async () => {
    const { code, stdout, stderr } = await project.hawser(['release', version, '--yes'], withPassword)

    expect(code).toBe(0)
    expect(stdout + stderr).toContain('already true')
  })

  test('what was built is a layout that other programs read; files, modes and times are as declared', async () => {
    const layout = join(project.root, 'dist', version, 'hello.oci')
    const copy = join(project.root, 'dist/copy')
    await podman.must('skopeo', 'copy', '--all', `oci:${layout}:${version}`, `oci:${copy}:${version}`)
    const [ours, theirs] = [openLayout(layout), openLayout(copy)]
    expect((await theirs.resolve(version))?.digest).toBe((await ours.resolve(version))?.digest)
    for (const platform of ['amd64', 'arm64']) {
      const one = join(project.root, `dist/${platform}`)
      const override = ['--override-arch', platform]
      await podman.must('skopeo', ...override, 'copy', `oci:${layout}:${version}`, `oci:${one}:${version}`)
      const bundle = join(project.root, `dist/bundle-${platform}`)
      await mustRun('umoci', ['unpack', '--image', `${one}:${version}`, bundle])
      const shown = await mustRun('find', ['rootfs', '-printf', '%P %y %#m %U %T@\\n'], { cwd: bundle })
      expect(await readFile(join(bundle, 'rootfs/etc/hello/machine'), 'utf8')).toBe(`${platform}\n`)
      expect(shown).toContain('etc/hello/machine f 0600 65532 315532800.0')
      expect(shown).toContain('tmp d 01777 0 315532800.0')
      expect(shown).toContain('bin/busybox f 0755 0 315532800.0')
      expect(await readFile(join(bundle, 'rootfs/var/lib/dpkg/status.d/hello-data'), 'utf8')).toContain(
        'Package: hello-data\n',
      )
    }
  })

  test('built in another folder, with another umask and time zone, it has the same digest', async () => {
    const other = await project.copy('elsewhere')
    await mustRun('rm', ['-rf', join(other.root, '.hawser/store'), join(other.root, 'dist')])

    const ended = await other.hawser(['build', version], {
      environment: { ...withPassword.environment, TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' },
      shell: 'umask 077; exec "$@"',
    })

    expect(ended).toMatchObject({ code: 0 })
    const digest = async ({ root }: TestProject) =>
      (await openLayout(join(root, 'dist', version, 'hello.oci')).resolve(version))?.digest
    expect(await digest(other)).toBe(await digest(project))
  })

  test('in the next release, layers in which nothing changed are the same', async () => {
    const next = await project.copy('next')
    await next.write('README.md', 'Something else.\n')
    await next.git('add', '--all')
    await next.git('commit', '--quiet', '--date', '1770000000 +0000', '--message', 'Something else')

    expect(await next.hawser(['build', '1.1.0'], withPassword)).toMatchObject({ code: 0 })

    const layersOf = async ({ root }: TestProject, tag: string) => {
      const layout = openLayout(join(root, 'dist', tag, 'hello.oci'))
      const index = await layout.manifest(tag)
      const { manifests } = await readGraph(
        layout,
        index ?? { mediaType: '', digest: 'sha256:', bytes: Buffer.alloc(0) },
      )
      const parsed = manifests[0] && readManifest(manifests[0], 'image')
      return parsed?.kind === 'manifest' ? parsed.manifest.layers.map(({ digest }) => digest) : []
    }
    const [before, after] = [await layersOf(project, version), await layersOf(next, '1.1.0')]
    expect(before).toHaveLength(3)
    // The package in the second one has another version.
    expect([after[0], after[2]]).toEqual([before[0], before[2]])
  })

  test('never moves a tag that names another image', async () => {
    const other = await project.copy('other-content')
    await other.write('files/greeting', 'Good bye!\n')
    await commit(other, 'Say good bye')

    const ended = await other.hawser(['plan', version], withPassword)

    expect(ended.code).not.toBe(0)
    expect(`${ended.stdout}${ended.stderr}`).toMatch(/IMAGE_SWAP|is another image already|TAG|tag/)
  })
})

describe('an image from a Dockerfile', () => {
  test('is built by the program that was named, pushed as it is, and not built again', async () => {
    const made = await emptyProject({})
    await made.write(
      'hawser.yaml',
      `project: hello
keys: { release: { openpgp: { key: "file:${keyPath}" } } }
registries: { "${registry.host}": { username: ${login.username}, password: "env:REGISTRY_PASSWORD" } }
images:
  hello:
    dockerfile: { tool: buildah, context: files, file: files/Dockerfile, arguments: { TEXT: "from \${version}" } }
    push: ["${registry.host}/team/dockerfile"]
release: { notes: "An image." }
`,
    )
    await made.write('.gitignore', '.hawser/\ndist/\n')
    await made.write(keyPath, await newKey())
    await made.write(
      'files/Dockerfile',
      'FROM scratch\nARG TEXT\nLABEL text=$TEXT\nCOPY greeting /greeting\n',
    )
    await made.write('files/greeting', 'Hello!\n')
    await commit(made, 'Say hello')
    const environment = {
      ...podman.environment,
      ...withPassword.environment,
      BUILDAH_ISOLATION: 'chroot',
      HOME: made.root,
    }

    const ended = await made.hawser(['release', version, '--yes'], { environment })

    expect(ended).toMatchObject({ code: 0 })
    const layout = openLayout(join(made.root, 'dist', version, 'hello.oci'))
    const built = await layout.resolve(version)
    const name = `docker://${registry.host}/team/dockerfile:${version}`
    const credentials = ['--creds', `${login.username}:${login.password}`]
    const shown = JSON.parse(await podman.must('skopeo', 'inspect', tls, ...credentials, name))
    expect(shown).toMatchObject({ Digest: built?.digest, Labels: { text: `from ${version}` } })
    const again = await made.hawser(['build', version], { environment })
    expect(again.stdout + again.stderr).toContain('image hello is built')
    await made.write('files/greeting', 'Good bye!\n')
    await made.hawser(['build', version], { environment })
    expect((await layout.resolve(version))?.digest).not.toBe(built?.digest)
    await made.remove()
  })
})
