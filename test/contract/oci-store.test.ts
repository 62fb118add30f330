import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { anonymous, type CredentialSource } from '../../src/oci/credentials/credential.ts'
import { openLayout } from '../../src/oci/layout/layout.ts'
import { openRegistry, type RegistryOptions } from '../../src/oci/registry/registry.ts'
import { type DockerRegistry, login, startDockerRegistry } from '../servers/docker-registry.ts'
import { type RegistryStandIn, startRegistryStandIn } from '../servers/oci-registry.ts'
import { describeOciStore } from './oci-store.ts'

let count = 0
const known: CredentialSource = async () => ({ kind: 'password', ...login })

const openAt = (
  host: string,
  credentials: CredentialSource = anonymous,
  more: Partial<RegistryOptions> = {},
) =>
  openRegistry({ host, credentials, environment: {}, maskSecret: () => undefined, ...more }).repository(
    `test/r${count++}`,
  )

describe('a layout', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hawser-layout-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  describeOciStore(() => openLayout(join(folder, `layout-${count++}`)))
})

describe.each([
  ['with everything', {}, {}],
  ['without the referrers API', { referrers: false }, {}],
  ['with tokens', { auth: login }, {}],
  ['that lists two names a page', { pageSize: 2 }, {}],
  ['that limits requests to 5 MB', { bodyBytesMax: 5_000_000 }, { chunkBytes: 4_000_000 }],
] as const)('a registry %s', (_what, switches, options) => {
  let server: RegistryStandIn
  beforeAll(async () => {
    server = await startRegistryStandIn(switches)
  })
  afterAll(() => server.close())

  describeOciStore(() => openAt(server.host, known, options))
})

describe.each(['none', 'basic', 'token'] as const)("Debian's docker-registry, authorization: %s", (auth) => {
  let server: DockerRegistry
  beforeAll(async () => {
    server = await startDockerRegistry(auth)
  })
  afterAll(() => server.stop())

  describeOciStore(() => openAt(server.host, auth === 'none' ? anonymous : known))
})
