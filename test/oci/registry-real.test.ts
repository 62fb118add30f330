import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyImage } from '../../src/oci/copy.ts'
import { dockerCredentials } from '../../src/oci/credentials/docker-credentials.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { mustRun } from '../clients/command.ts'
import { imageIn } from '../contract/oci-store.ts'
import { type DockerRegistry, login, startDockerRegistry } from '../servers/docker-registry.ts'
import { type Fault, type FaultProxy, seededRandom, startFaultProxy } from '../servers/s3-faults.ts'
import { openRepository } from './open-repository.ts'

let folder: string
let source: OciStore
let digest: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-real-registry-'))
  source = openLayout(join(folder, 'layout'))
  const image = await imageIn(source, {}, 3_000_000)
  await source.putManifest(image.manifest, 'v1')
  digest = image.manifest.digest
})
afterAll(() => rm(folder, { recursive: true }))

/** Of the client, for one request: less trouble than that must always end well. */
const attemptsMax = 6

/** What a network and a registry that is being restarted do; each can pass. */
const passing: readonly Fault[] = [
  { kind: 'answer', status: 503, code: 'UNAVAILABLE' },
  { kind: 'answer', status: 429, code: 'TOOMANYREQUESTS', retryAfter: 1 },
  { kind: 'answer', status: 500, code: 'UNKNOWN' },
  { kind: 'reset' },
  { kind: 'lost answer' },
  { kind: 'truncated', bytes: 10 },
  { kind: 'slow', chunkBytes: 200_000, everyMs: 1 },
]

describe.each(['none', 'basic', 'token'] as const)("Debian's docker-registry, authorization: %s", (auth) => {
  let registry: DockerRegistry
  let proxy: FaultProxy
  beforeAll(async () => {
    registry = await startDockerRegistry(auth)
    proxy = await startFaultProxy(`http://${registry.host}`)
  })
  afterAll(async () => {
    await proxy.close()
    await registry.stop()
  })

  const open = (host: string, repository: string, chunkBytes?: number): OciStore =>
    openRepository(
      host,
      { credentials: async () => ({ kind: 'password', ...login }), chunkBytes },
      repository,
    )

  test.each([
    [1, undefined],
    [2, undefined],
    [3, 1_000_000],
    [4, 1_000_000],
  ])('a push through trouble ends well; trouble %i, pieces of %s', async (seed, chunkBytes) => {
    const random = seededRandom(seed)
    let left = attemptsMax - 1
    proxy.decide = () => {
      const fault = left > 0 && random() < 0.6 ? passing[Math.floor(random() * passing.length)] : undefined
      if (fault !== undefined) left--
      return fault
    }
    const host = new URL(proxy.endpoint).host
    const repository = `trouble/r${seed}`

    await copyImage(source, 'v1', open(host, repository, chunkBytes), { tag: 'v1' })

    expect(left).toBeLessThan(attemptsMax - 1)
    const copy = openLayout(join(folder, `${auth}-${seed}`))
    await copyImage(open(registry.host, repository), 'v1', copy, { tag: 'v1' })
    expect((await copy.resolve('v1'))?.digest).toBe(digest)
  })

  test('the login that skopeo keeps is ours, too, and skopeo reads what we push', async () => {
    const authFile = join(folder, `auth-${auth}.json`)
    const file = ['--authfile', authFile]
    const { username, password } = login
    await mustRun('skopeo', [
      ...['login', '--tls-verify=false', ...file, '-u', username, '-p', password, registry.host],
    ])
    const credentials = dockerCredentials({ REGISTRY_AUTH_FILE: authFile }, folder)
    const masked: string[] = []
    const store = openRepository(
      registry.host,
      { credentials, maskSecret: (secret) => masked.push(secret) },
      'shared',
    )

    await copyImage(source, 'v1', store, { tag: 'v1' })

    const image = `docker://${registry.host}/shared:v1`
    const seen = await mustRun('skopeo', [
      'inspect',
      '--tls-verify=false',
      ...file,
      '--format',
      '{{.Digest}}',
      image,
    ])
    expect(seen.trim()).toBe(digest)
    if (auth !== 'none') expect(masked).toContain(password)
  })
})
