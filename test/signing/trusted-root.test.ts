import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fetchTrustedRoot } from '../../src/signing/sigstore/trusted-root.ts'
import { artifactVerifier } from '../../src/signing/verify/open-verifier.ts'

/** What the library is shipped with: the public instance as it was then. */
const seed: { 'root.json': string; targets: { 'trusted_root.json': string } } = createRequire(
  import.meta.url,
)('@sigstore/tuf/seeds.json')['https://tuf-repo-cdn.sigstore.dev']
const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString()

test("the trusted root of sigstore's public instance can be read", async () => {
  const identity = { subject: '*', issuer: 'https://token.actions.githubusercontent.com' }
  const trustedRoot = decoded(seed.targets['trusted_root.json'])

  expect(await artifactVerifier({ identity, trustedRoot })).toHaveProperty('verifyBundle')
})

test('a TUF repository that has nothing is an error that may pass', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-tuf-'))
  const rootFile = join(folder, 'root.json')
  await writeFile(rootFile, decoded(seed['root.json']))
  const server = createServer((_, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const attempt = fetchTrustedRoot({
    cacheFolder: join(folder, 'cache'),
    mirror: { url, rootFile },
    retries: 0,
  })
  await expect(attempt).rejects.toMatchObject({ name: 'TransientError', code: 'TRUSTED_ROOT_FETCH' })
  await new Promise((resolve) => void server.close(resolve))
  await rm(folder, { recursive: true })
})
