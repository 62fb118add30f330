import { afterEach, expect, test } from 'vitest'
import { digestOf } from '../../src/lib/digest.ts'
import { copyImage } from '../../src/oci/copy.ts'
import type { Credential } from '../../src/oci/credentials/credential.ts'
import { openRegistry } from '../../src/oci/registry/registry.ts'
import { blobOf, imageIn } from '../contract/oci-store.ts'
import { type RegistryStandIn, startRegistryStandIn } from '../servers/oci-registry.ts'
import type { RegistryLogin } from '../servers/oci-registry-login.ts'
import { openRepository } from './open-repository.ts'

const account = { username: 'robot', password: 'a-secret-password' }
const password: Credential = { kind: 'password', ...account }

let server: RegistryStandIn

const start = async (login: Partial<RegistryLogin> = {}): Promise<void> => {
  server = await startRegistryStandIn({ auth: { ...account, ...login } })
}
afterEach(() => server.close())

const open = (credential: Credential = password, masked: string[] = []) =>
  openRepository(server.host, {
    credentials: async () => credential,
    maskSecret: (secret) => void masked.push(secret),
  })

const putMany = (store: ReturnType<typeof open>) =>
  Promise.all(Array.from({ length: 6 }, (_, number) => store.putBlob(blobOf(Buffer.from(`blob ${number}`)))))

const tokenRequests = () => server.seen.filter(({ path }) => path === '/token')
const refusals = () =>
  server.seen.filter(({ path, headers }) => path !== '/token' && headers.authorization === undefined)

test.each(['basic', 'bearer'] as const)(
  '%s: requests that begin at once log in, all of them, with one token for one scope',
  async (scheme) => {
    await start({ scheme })

    expect(new Set(await putMany(open()))).toEqual(new Set(['uploaded']))

    expect(tokenRequests()).toHaveLength(scheme === 'basic' ? 0 : 1)
    expect(refusals().length).toBeLessThanOrEqual(6)
  },
)

test('once one knows how, no request goes without authorization, and a login is not asked for again', async () => {
  await start()
  const store = open()
  await store.resolve('v1')
  await putMany(store)
  server.clear()

  const image = await imageIn(store)
  await store.putManifest(image.manifest, 'v1')
  await store.resolve('v1')

  expect(refusals()).toEqual([])
  expect(tokenRequests()).toEqual([])
})

test('a token that ends early is renewed, also in the middle of an upload', async () => {
  await start({ tokenUsesMax: 3 })
  const store = open()

  const image = await imageIn(store, {}, 500_000)
  await store.putManifest(image.manifest, 'v1')
  await copyImage(
    store,
    'v1',
    openRepository(server.host, { credentials: async () => password }, 'team/copy'),
    {
      tag: 'v1',
    },
  )

  expect(tokenRequests().length).toBeGreaterThan(3)
})

test('a wrong password is tried once, however many requests wait for it', async () => {
  await start()
  const store = open({ ...password, password: 'not-this-one' } as Credential)
  await expect(store.resolve('v1')).rejects.toMatchObject({ code: 'OCI_UNAUTHORIZED' })
  server.clear()

  const settled = await Promise.allSettled(
    Array.from({ length: 5 }, (_, number) => store.hasBlob({ digest: digestOf(`${number}`), size: 1 })),
  )

  expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
  expect(tokenRequests()).toHaveLength(1)
})

test('who may only read reads, and is told that he may not write', async () => {
  await start()
  const image = await imageIn(open())
  await open().putManifest(image.manifest, 'v1')
  server.switches.auth = { ...account, actions: ['pull'] }

  expect((await open().resolve('v1'))?.digest).toBe(image.manifest.digest)
  await expect(open().putBlob(blobOf(Buffer.from('new')))).rejects.toMatchObject({ code: 'OCI_UNAUTHORIZED' })
})

test('an identity token is traded with POST, and with GET where POST is not known', async () => {
  await start({ identityToken: 'the-refresh-token' })
  const masked: string[] = []
  const identity: Credential = { kind: 'identity', token: 'the-refresh-token' }

  for (const postStatus of [undefined, 404, 405] as const) {
    server.switches.auth = {
      ...account,
      identityToken: 'the-refresh-token',
      ...(postStatus && { postStatus }),
    }
    server.clear()

    expect(await open(identity, masked).resolve('v1')).toBeUndefined()

    const methods = tokenRequests().map(({ method }) => method)
    expect(methods).toEqual(postStatus === undefined ? ['POST'] : ['POST', 'GET'])
    // Never in an address, which servers and proxies note down.
    expect(server.seen.filter(({ query }) => `${query}`.includes('refresh-token'))).toEqual([])
  }
  expect(masked).toContain('the-refresh-token')
})

test('a finished token is used as it is, and everything secret is announced before it is used', async () => {
  await start()
  const masked: string[] = []
  await open(password, masked).resolve('v1')
  const header = server.seen.at(-1)?.headers.authorization ?? ''
  expect(masked).toContain(account.password)
  expect(masked).toContain(header.slice('Bearer '.length))
  server.clear()

  const bearer: Credential = { kind: 'bearer', token: header.slice('Bearer '.length) }
  await open(bearer, masked).resolve('v1')

  expect(tokenRequests()).toEqual([])
})

test('logins of one registry are not asked for by repositories of others, and each repository has its own scope', async () => {
  await start()
  const asked: string[] = []
  const registry = openRegistry({
    host: server.host,
    credentials: async (host, repository) => {
      asked.push(`${host === server.host ? 'REGISTRY' : host} ${repository}`)
      return password
    },
    environment: {},
    maskSecret: () => undefined,
  })

  await registry.repository('team/one').resolve('v1')
  await registry.repository('team/two').resolve('v1')

  expect(asked).toEqual(['REGISTRY team/one', 'REGISTRY team/two'])
  expect(tokenRequests().map(({ query }) => query.getAll('scope'))).toEqual([
    ['repository:team/one:pull'],
    ['repository:team/two:pull'],
  ])
})
