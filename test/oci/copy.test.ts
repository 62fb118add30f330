import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyImage } from '../../src/oci/copy.ts'
import { anonymous, type CredentialSource } from '../../src/oci/credentials/credential.ts'
import { fixedCredentials } from '../../src/oci/credentials/fixed-credentials.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import { canonicalManifest } from '../../src/oci/manifest-bytes.ts'
import { mediaTypes } from '../../src/oci/media-types.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { descriptorOf } from '../../src/oci/read-manifest.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { Podman } from '../clients/podman.ts'
import { blobOf } from '../contract/oci-store.ts'
import { type DockerRegistry, login, startDockerRegistry } from '../servers/docker-registry.ts'
import { entriesOfTree, putSample, sampleTree, textFile } from './sample-image.ts'

let folder: string
let podman: Podman
let first: DockerRegistry
let second: DockerRegistry
let layout: OciStore

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-copy-'))
  podman = await Podman.create()
  first = await startDockerRegistry()
  second = await startDockerRegistry('token')
  layout = openLayout(join(folder, 'layout'))
  const tree = await entriesOfTree(await sampleTree(join(folder, 'tree')))
  await putSample(layout, 'v1', [tree, [textFile('etc/more', 'more\n')]], { scratch: folder })
})
afterAll(async () => {
  await podman.remove()
  await Promise.all([first.stop(), second.stop()])
  await rm(folder, { recursive: true, force: true })
})

const openAt = (host: string, repository: string, credentials: CredentialSource = anonymous): OciStore =>
  openRegistry({ host, credentials, environment: {}, maskSecret: () => undefined }).repository(repository)
const inFirst = (repository: string): OciStore => openAt(first.host, repository)
const inSecond = (repository: string): OciStore =>
  openAt(second.host, repository, fixedCredentials(second.host, { kind: 'password', ...login }))

describe.each([
  ['of OCI types', []],
  ["of Docker's types", ['--format=v2s2', '--all']],
] as const)('an image %s', (_what, options) => {
  const name = options.length === 0 ? 'oci' : 'docker'

  test('goes from registry to registry, and to a layout and back, byte for byte', async () => {
    const source = `${first.host}/from/${name}`
    const copy = ['copy', '--all', '--dest-tls-verify=false', ...options]
    await podman.must('skopeo', ...copy, `oci:${join(folder, 'layout')}:v1`, `docker://${source}:v1`)
    const raw = await podman.must('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${source}:v1`)
    const back = openLayout(join(folder, `back-${name}`))

    await copyImage(inFirst(`from/${name}`), 'v1', inSecond(`to/${name}`), { tag: 'v2' })
    await copyImage(inSecond(`to/${name}`), 'v2', back, { tag: 'v3' })
    await copyImage(back, 'v3', inFirst(`again/${name}`), { tag: 'v4' })

    const creds = `--creds=${login.username}:${login.password}`
    const places = [
      [creds, `docker://${second.host}/to/${name}:v2`],
      [`docker://${first.host}/again/${name}:v4`],
    ]
    for (const place of places) {
      expect(await podman.must('skopeo', 'inspect', '--raw', '--tls-verify=false', ...place)).toBe(raw)
    }
    await podman.must('podman', 'pull', '--quiet', `${first.host}/again/${name}:v4`)
  })
})

test('blobs that are in another repository of the registry are mounted, and what is there is left alone', async () => {
  const [one, two] = [inFirst('mount/one'), inFirst('mount/two')]
  await copyImage(layout, 'v1', one, { tag: 'v1' })

  const mountFrom = { registry: first.host, repository: 'mount/one' }
  const mounted = await copyImage(one, 'v1', two, { tag: 'v1', mountFrom })
  const again = await copyImage(one, 'v1', two, { tag: 'other', mountFrom })

  expect(new Set(mounted.blobs.values())).toEqual(new Set(['mounted']))
  expect(new Set(again.blobs.values())).toEqual(new Set(['present']))
  expect((await two.resolve('other'))?.digest).toBe((await layout.resolve('v1'))?.digest)
})

test('signatures and attestations come along, also between stores that list them in different ways', async () => {
  const own = openLayout(join(folder, 'signed'))
  await copyImage(layout, 'v1', own, { tag: 'v1' })
  const subject = await own.manifest('v1')
  if (subject === undefined) throw new Error('It was put there')
  const empty = Buffer.from('{}')
  await own.putBlob(blobOf(empty))
  const blob = { mediaType: mediaTypes.empty, digest: blobOf(empty).digest, size: empty.length }
  const signature = canonicalManifest({
    schemaVersion: 2,
    artifactType: 'application/vnd.example.signature',
    config: blob,
    layers: [blob],
    subject: descriptorOf(subject),
  })
  await own.putManifest(signature)

  // This registry has no API for referrers: they are listed under a tag.
  await copyImage(own, 'v1', inFirst('signed/app'), { tag: 'v1', referrers: true })
  const back = openLayout(join(folder, 'signed-back'))
  await copyImage(inFirst('signed/app'), 'v1', back, { tag: 'v1', referrers: true })

  for (const store of [inFirst('signed/app'), back]) {
    expect((await store.referrers(subject.digest)).map(({ digest }) => digest)).toEqual([signature.digest])
  }
})

test('the image for one platform is copied alone', async () => {
  const to = inFirst('one/app')
  const platform = { os: 'linux', architecture: 'arm64' }

  const { descriptor } = await copyImage(layout, 'v1', to, { tag: 'arm', platform })

  const place = `docker://${first.host}/one/app:arm`
  const raw = await podman.must('skopeo', 'inspect', '--raw', '--tls-verify=false', place)
  expect(JSON.parse(raw).mediaType).toBe(mediaTypes.manifest)
  expect(descriptor.size).toBe(raw.length)
  const override = ['--override-arch=arm64', '--tls-verify=false']
  expect(JSON.parse(await podman.must('skopeo', 'inspect', ...override, place))).toMatchObject({
    Architecture: 'arm64',
  })
})
