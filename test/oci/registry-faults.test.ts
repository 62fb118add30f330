import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText, TransientError, UserError } from '../../src/errors.ts'
import { copyImage } from '../../src/oci/copy.ts'
import { anonymous, type Credential } from '../../src/oci/credentials/credential.ts'
import { canonicalManifest } from '../../src/oci/manifest-bytes.ts'
import { mediaTypes } from '../../src/oci/media-types.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { openRegistry, type RegistryOptions } from '../../src/oci/registry/registry.ts'
import { imageIn } from '../contract/oci-store.ts'
import { type Fault, type RegistryStandIn, startRegistryStandIn } from '../servers/oci-registry.ts'

const account = { username: 'robot', password: 'a-secret-password' }

let from: RegistryStandIn
let to: RegistryStandIn
let waits: number[]

beforeEach(async () => {
  from = await startRegistryStandIn()
  to = await startRegistryStandIn({ auth: account })
  waits = []
})
afterEach(async () => {
  await from.close()
  await to.close()
})

const open = (server: RegistryStandIn, more: Partial<RegistryOptions> = {}): OciStore =>
  openRegistry({
    host: server.host,
    credentials: async () => ({ kind: 'password', ...account }),
    environment: {},
    maskSecret: () => undefined,
    wait: async (delayMs) => void waits.push(delayMs),
    random: () => 0,
    ...more,
  }).repository('team/app')

/** An index of two images, one of which shares a layer. */
async function source(): Promise<OciStore> {
  const store = open(from, { credentials: anonymous })
  const images = [await imageIn(store), await imageIn(store, {}, 300_000)]
  for (const { manifest } of images) await store.putManifest(manifest)
  const manifests = images.map(({ manifest: { mediaType, digest, bytes } }, number) => ({
    mediaType,
    digest,
    size: bytes.length,
    platform: { os: 'linux', architecture: number === 0 ? 'amd64' : 'arm64' },
  }))
  const index = canonicalManifest({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })
  await store.putManifest(index, 'v1')
  return store
}

const push = async (more: Partial<RegistryOptions> = {}) =>
  copyImage(await source(), 'v1', open(to, more), { tag: 'v1', parallel: 1 })

/** Whether a reader of the tag gets everything. */
async function readsWhole(): Promise<boolean> {
  const faults = to.switches.fault
  to.switches.fault = () => undefined
  const copy = await startRegistryStandIn()
  try {
    await copyImage(open(to), 'v1', open(copy, { credentials: anonymous }), { tag: 'v1' })
    return true
  } catch (error) {
    if (error instanceof UserError && error.code === 'OCI_IMAGE_ABSENT') return false
    throw error
  } finally {
    await copy.close()
    to.switches.fault = faults
  }
}

const faults: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'lost answer' },
  { kind: 'twice' },
  { kind: 'delay', ms: 30 },
  { kind: 'answer', status: 429, retryAfter: 2 },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 503 },
  { kind: 'wrong digest' },
  { kind: 'cut off', bytes: 10 },
  { kind: 'answer', status: 403 },
  { kind: 'answer', status: 404 },
]

describe.each(faults.map((fault) => [JSON.stringify(fault), fault] as const))(
  'the answer %s',
  (_name, fault) => {
    test('to each request of a push in turn: it converges or says why, and the tag is whole or absent', async () => {
      await push()
      const requests = to.seen.length
      expect(requests).toBeGreaterThan(12)
      for (let number = 0; number < requests; number++) {
        await to.close()
        to = await startRegistryStandIn({ auth: account })
        to.switches.fault = (request) => (request.number === number ? fault : undefined)

        const failure = await push().then(
          () => undefined,
          (error: unknown) => error,
        )

        const isTyped =
          failure === undefined || failure instanceof UserError || failure instanceof TransientError
        expect(isTyped, `request ${number}: ${failureText(failure)}`).toBe(true)
        const whole = await readsWhole()
        // What can pass is tried again, and ends well.
        if (!['wrong digest'].includes(fault.kind) && !(fault.kind === 'answer' && fault.status < 429))
          expect([number, failure, whole]).toEqual([number, undefined, true])
        if (failure === undefined) expect(whole).toBe(true)
        // Once more, without faults: it ends the same.
        to.switches.fault = () => undefined
        await push().catch((error: unknown) => {
          throw new Error(`request ${number}: the next push fails: ${failureText(error)}`)
        })
        expect(await readsWhole()).toBe(true)
      }
    })
  },
)

test('what is read is checked: damaged, cut off and exchanged bytes never arrive', async () => {
  await push()
  const reads = async (fault: Fault | undefined, at: RegExp) => {
    let isDone = false
    to.switches.fault = ({ method, path, headers }) => {
      // Before it knows how to log in, it gets no answer that counts.
      const isRead = method === 'GET' && headers.authorization !== undefined && at.test(path)
      if (isDone || !isRead) return undefined
      isDone = true
      return fault
    }
    const copy = await startRegistryStandIn()
    const result = await copyImage(open(to), 'v1', open(copy, { credentials: anonymous }), {
      tag: 'v1',
    }).then(
      () => 'copied',
      (error: unknown) => (error instanceof UserError ? error.code : String(error)),
    )
    const tagged = copy.repositories.get('team/app')?.tags.has('v1') ?? false
    await copy.close()
    return [result, tagged]
  }

  expect(await reads({ kind: 'damaged' }, /blobs/)).toEqual([expect.stringMatching(/^OCI_/), false])
  expect(await reads({ kind: 'damaged' }, /manifests/)).toEqual([expect.stringMatching(/^OCI_/), false])
  expect(await reads({ kind: 'wrong digest' }, /manifests/)).toEqual(['OCI_DIGEST', false])
  expect(await reads({ kind: 'cut off', bytes: 100 }, /blobs/)).toEqual(['copied', true])
  expect(await reads({ kind: 'cut off', bytes: 10 }, /manifests/)).toEqual(['copied', true])
})

test('a wait that the registry asks for is kept', async () => {
  to.switches.fault = ({ number }) =>
    number === 3 ? { kind: 'answer', status: 429, retryAfter: 7 } : undefined

  await push()

  expect(waits).toEqual([7000])
})

test('an upload in pieces goes on where the registry has got to', async () => {
  let isBroken = false
  to.switches.fault = ({ method, headers }) => {
    if (isBroken || method !== 'PATCH' || !(headers['content-range'] ?? '').startsWith('100000-'))
      return undefined
    isBroken = true
    return { kind: 'reset' }
  }

  await push({ chunkBytes: 100_000 })

  expect(isBroken).toBe(true)
  const starts = to.seen.flatMap(({ method, headers }) =>
    method === 'PATCH' && (headers['content-range'] ?? '') !== ''
      ? [headers['content-range']?.split('-')[0]]
      : [],
  )
  expect(starts.filter((start) => start === '200000')).toHaveLength(1)
  expect(starts.filter((start) => start === '100000')).toHaveLength(2)
  expect(await readsWhole()).toBe(true)
})

test('a proxy that refuses large requests gets smaller ones', async () => {
  to.switches.bodyBytesMax = 20 << 20
  const store = open(from, { credentials: anonymous })
  const { manifest } = await imageIn(store, {}, 30 << 20)
  await store.putManifest(manifest, 'v1')

  await copyImage(store, 'v1', open(to), { tag: 'v1' })

  expect(to.seen.filter(({ method }) => method === 'PATCH')).toHaveLength(2)
  expect(await readsWhole()).toBe(true)
})

test('credentials never follow to another host', async () => {
  await push()
  const elsewhere = await startRegistryStandIn()
  const [repository] = [...to.repositories.values()]
  if (repository === undefined) throw new Error('Nothing was pushed')
  const own = elsewhere.repositories as Map<string, typeof repository>
  own.set('team/app', repository)
  to.switches.blobRedirect = `http://${elsewhere.host}`

  expect(await readsWhole()).toBe(true)

  expect(elsewhere.seen.length).toBeGreaterThan(0)
  expect(elsewhere.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
  await elsewhere.close()
})

test('blobs of the same registry are mounted', async () => {
  await push()
  to.clear()
  const other = openRegistry({
    host: to.host,
    credentials: async () => ({ kind: 'password', ...account }),
    environment: {},
    maskSecret: () => undefined,
  }).repository('team/other')

  const mountFrom = { registry: to.host, repository: 'team/app' }
  const { blobs } = await copyImage(open(to), 'v1', other, { tag: 'v1', mountFrom })

  expect(new Set(blobs.values())).toEqual(new Set(['mounted']))
  expect(to.seen.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))).toEqual([])
})

test('nothing is asked twice when everything is there', async () => {
  const store = await source()
  await copyImage(store, 'v1', open(to), { tag: 'v1' })
  to.clear()

  await copyImage(store, 'v1', open(to), { tag: 'v1' })

  const asked = to.seen.filter(({ path }) => path !== '/token').map(({ method, path }) => `${method} ${path}`)
  // The first one learns how to log in.
  expect(asked).toEqual(['HEAD /v2/team/app/manifests/v1', 'HEAD /v2/team/app/manifests/v1'])
})

describe('in words for people', () => {
  const failureOf = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => new Error('it worked'),
      (reason: unknown) => reason,
    )
    return `${failureText(error)
      .replaceAll(to.host, 'REGISTRY')
      .replaceAll(from.host, 'SOURCE')
      .replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST')}\n`
  }
  const golden = (name: string): string => `testdata/errors/registry-${name}.txt`

  test.each([
    ['no-credentials', undefined],
    ['wrong-password', { kind: 'password', username: 'robot', password: 'not-this-one' }],
    ['wrong-identity', { kind: 'identity', token: 'a-token-that-expired' }],
  ] as const satisfies readonly (readonly [string, Credential | undefined])[])(
    '%s',
    async (name, credential) => {
      const failure = await failureOf(push({ credentials: async () => credential }))

      await expect(failure).toMatchFileSnapshot(golden(name))
      expect(failure).not.toMatch(/not-this-one|a-token-that-expired/)
    },
  )

  test.each([
    ['forbidden', 403],
    ['busy', 429],
    ['out-of-order', 500],
    ['teapot', 418],
  ] as const)('%s', async (name, status) => {
    to.switches.fault = ({ method }) => (method === 'PUT' ? { kind: 'answer', status } : undefined)

    await expect(await failureOf(push())).toMatchFileSnapshot(golden(name))
  })

  test('a token service on a strange address', async () => {
    const { createServer } = await import('node:http')
    for (const [name, realm] of [
      ['realm-plain', 'http://tokens.example.org/token'],
      ['realm-link-local', 'https://169.254.169.254/token'],
      ['realm-nonsense', 'not an address'],
    ] as const) {
      const server = createServer((_request, response) => {
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x"` }).end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
      const store = openRegistry({
        host,
        credentials: async () => ({ kind: 'password', ...account }),
        environment: {},
        maskSecret: () => undefined,
      }).repository('team/app')

      const failure = (await failureOf(store.resolve('v1'))).replaceAll(host, 'REGISTRY')

      await expect(failure).toMatchFileSnapshot(golden(name))
      expect(failure).not.toContain(account.password)
      server.close()
    }
  })

  test('a host that does not answer, and one that does not exist', async () => {
    const closed = to.host
    await to.close()
    await expect(await failureOf(push())).toMatchFileSnapshot(golden('closed'))
    to = await startRegistryStandIn()
    expect(closed).not.toBe(to.host)
    const nowhere = openRegistry({
      host: 'registry.invalid',
      credentials: anonymous,
      environment: {},
      maskSecret: () => undefined,
    }).repository('team/app')
    await expect(await failureOf(nowhere.resolve('v1'))).toMatchFileSnapshot(golden('no-host'))
  })

  test('a server that is no registry', async () => {
    const { createServer } = await import('node:http')
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome</body></html>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const store = openRegistry({
      host,
      credentials: anonymous,
      environment: {},
      maskSecret: () => undefined,
    }).repository('team/app')

    const read = (await failureOf(store.manifest('v1'))).replaceAll(host, 'REGISTRY')
    await expect(read).toMatchFileSnapshot(golden('no-registry'))
    const tags = async () => {
      for await (const _tag of store.tags());
    }
    await expect((await failureOf(tags())).replaceAll(host, 'REGISTRY')).toMatchFileSnapshot(
      golden('no-tags'),
    )
    server.close()
  })
})
