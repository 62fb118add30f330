import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeDebs } from '../../bench/repositories/debs.ts'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { failureText, UserError } from '../../src/errors.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { makeKey, publishDebs, type TestKey } from '../repositories/apt-world.ts'
import { publishRpms } from '../repositories/dnf-world.ts'
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../servers/s3-faults.ts'
import { encryptionHeaders, type StrippingProxy, startStrippingProxy } from '../servers/s3-stripping.ts'
import { bytesAt, mebibyte, s3World } from './s3-world.ts'

const world = s3World()
const folder = join(tmpdir(), `hawser-headers-${process.pid}`)
let key: TestKey
let debs: readonly string[]
let rpms: readonly string[]
beforeAll(async () => {
  key = await makeKey()
  debs = makeDebs(join(folder, 'debs'), 0, 2).map(({ file }) => file)
  rpms = await makeRpms(join(folder, 'rpms'), 0, 2)
})
afterAll(() => rm(folder, { recursive: true }))

/** The requests that make objects. */
const makesObject = ({ method, query }: SeenRequest): boolean =>
  (method === 'PUT' && !query.has('partNumber')) || (method === 'POST' && query.has('uploads'))

const headObjects = async () => {
  const { Contents = [] } = await world.server.client.send(
    new ListObjectsV2Command({ Bucket: world.bucket, Prefix: 'repository/' }),
  )
  return Promise.all(
    Contents.map(async ({ Key = '' }) => {
      const head = await world.server.client.send(new HeadObjectCommand({ Bucket: world.bucket, Key }))
      return { path: Key.replace('repository/', ''), ...head }
    }),
  )
}

const entry = 'no-cache, max-age=0, must-revalidate'
const immutable = 'public, max-age=31536000, immutable'
const publishers = {
  apt: (index: number, to: Storage) => publishDebs(debs.slice(index, index + 1), { to, key }),
  dnf: (index: number, to: Storage) => publishRpms(rpms.slice(index, index + 1), { to, key }),
}

describe.each(['apt', 'dnf'] as const)('%s: in a published repository', (name) => {
  test('caches may keep exactly what no publish overwrites, and everything has a type', async () => {
    const storage = world.open({ prefix: 'repository', partSizeMiB: 5 })
    await publishers[name](0, storage)
    const before = new Map((await headObjects()).map(({ path, ETag }) => [path, ETag]))
    await publishers[name](1, storage)
    const after = (await headObjects()).filter(({ path }) => path !== '.hawser/capabilities.json')

    const changed = after.filter(({ path, ETag }) => before.has(path) && before.get(path) !== ETag)
    expect(changed.map(({ path }) => path)).toContain(
      name === 'apt' ? 'dists/stable/InRelease' : 'repodata/repomd.xml',
    )
    expect(changed.filter(({ CacheControl }) => CacheControl !== entry)).toEqual([])
    const kept = after.filter(({ path }) => /[0-9a-f]{64}|^pool\/|\.rpm$/.test(path))
    expect(kept.length).toBeGreaterThan(5)
    expect(kept.filter(({ CacheControl }) => CacheControl !== immutable)).toEqual([])
    const rest = after.filter((one) => !changed.includes(one) && !kept.includes(one))
    expect(rest.filter(({ CacheControl }) => CacheControl !== entry).map(({ path }) => path)).toEqual([])
    const types = after.map(({ path, ContentType = 'none' }) => {
      const shown = path.replaceAll(/[0-9a-f]{64}/g, 'SHA256')
      return `${shown}: ${ContentType}`
    })
    await expect(`${[...new Set(types)].toSorted().join('\n')}\n`).toMatchFileSnapshot(
      `testdata/content-types-${name}.txt`,
    )
  })
})

describe('with encryption and an ACL', () => {
  let ignoring: StrippingProxy
  let watching: FaultProxy
  beforeAll(async () => {
    ignoring = await startStrippingProxy(world.server.endpoint, encryptionHeaders)
    watching = await startFaultProxy(ignoring.endpoint)
  })
  afterAll(async () => {
    await watching.close()
    await ignoring.close()
  })

  test('each request that makes an object asks for them: also parts, copies, the trial and claims', async () => {
    const seen: SeenRequest[] = []
    let isLeased = false
    watching.decide = (request) => {
      seen.push(request)
      const isCondition = request.headers['if-match'] ?? request.headers['if-none-match']
      return isLeased && isCondition ? { kind: 'answer', status: 501, code: 'NotImplemented' } : undefined
    }
    const encryption = { algorithm: 'aws:kms', key: 'alias/packages' }
    const options = { endpoint: watching.endpoint, partSizeMiB: 5, encryption, acl: 'public-read' }
    const { body, bytes } = await world.largeFile(12 * mebibyte)
    for (const prefix of ['able', 'leased']) {
      isLeased = prefix === 'leased'
      const storage = world.open({ ...options, prefix })
      await storage.put('large', body, { caching: 'immutable', contentType: 'application/x-rpm' })
      await storage.compose('composed', [{ from: 'large', start: 0, end: bytes.length }, Buffer.from('x')], {
        caching: 'immutable',
        contentType: 'application/gzip',
      })
      await storage.copy({ path: 'large' }, 'copied', { caching: 'entry', contentType: 'text/plain' })
      await storage.put('entry', Buffer.from('1'), { caching: 'entry', condition: { ifAbsent: true } })
    }

    const making = seen.filter(makesObject)
    const bare = making.filter(
      ({ headers }) =>
        headers['x-amz-server-side-encryption'] !== 'aws:kms' ||
        headers['x-amz-server-side-encryption-aws-kms-key-id'] !== 'alias/packages' ||
        headers['x-amz-acl'] !== 'public-read',
    )
    expect(bare.map(({ method, path }) => `${method} ${path}`)).toEqual([])
    const headersOf = (path: string) => {
      const found = making.find((request) => request.path.endsWith(`/able/${path}`))
      return [found?.headers['cache-control'], found?.headers['content-type']]
    }
    expect(headersOf('large')).toEqual([immutable, 'application/x-rpm'])
    expect(headersOf('composed')).toEqual([immutable, 'application/gzip'])
    expect(headersOf('copied')).toEqual([entry, 'text/plain'])
    expect(making.some(({ path }) => path.includes('/.hawser/leases/'))).toBe(true)
  })

  test('nothing is said of them, nor of caching, where nobody asks for it', async () => {
    await world.open().put('x', Buffer.from('1'), { condition: { ifAbsent: true } })

    const names = new Set(world.seen.flatMap(({ headers }) => Object.keys(headers)))
    expect([...names].filter((name) => /encryption|acl|cache-control/.test(name))).toEqual([])
  })
})

describe('credentials', () => {
  const token = 'the-session-token-of-this-test'
  const kept = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const
  let before: readonly (string | undefined)[]
  beforeEach(() => {
    before = kept.map((name) => process.env[name])
  })
  afterEach(() => {
    for (const [index, name] of kept.entries()) {
      const value = before[index]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })

  test('are in no error, whatever the service says, and nothing is printed', async () => {
    const { AWS_SECRET_ACCESS_KEY: secret = '', AWS_ACCESS_KEY_ID: id = '' } = process.env
    process.env['AWS_SESSION_TOKEN'] = token
    const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      vi.spyOn(console, name),
    )
    const written = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'))
    const failures: unknown[] = []
    const answers = [
      [400, 'InvalidArgument'],
      [400, 'ExpiredToken'],
      [403, 'AccessDenied'],
      [403, 'InvalidAccessKeyId'],
      [403, 'SignatureDoesNotMatch'],
      [301, 'PermanentRedirect'],
    ] as const
    for (const [status, code] of answers) {
      world.decide(() => ({ kind: 'answer', status, code }))
      failures.push(
        await world
          .open()
          .put('x', Buffer.from('1'))
          .catch((error: unknown) => error),
      )
    }
    world.decide(() => undefined)
    // And radosgw itself, which has never heard of the token either.
    process.env['AWS_SECRET_ACCESS_KEY'] = 'a-wrong-secret'
    failures.push(
      await world
        .open()
        .get('x')
        .catch((error: unknown) => error),
    )

    const output = [...printed, ...written].flatMap((spy) => spy.mock.calls)
    vi.restoreAllMocks()
    expect(failures.map((failure) => (failure instanceof UserError ? failure.code : failure))).toEqual([
      'S3_REFUSED',
      'S3_CREDENTIALS',
      'S3_DENIED',
      'S3_CREDENTIALS',
      'S3_CREDENTIALS',
      'S3_REGION',
      'S3_CREDENTIALS',
    ])
    const texts = failures.map((failure) => `${failureText(failure)}\n${inspect(failure, { depth: 20 })}`)
    for (const hidden of [secret, token, 'a-wrong-secret', 'Signature='])
      expect(texts.join('\n')).not.toContain(hidden)
    expect(failures.map(failureText).join('\n')).not.toContain(id)
    expect(inspect(output)).not.toMatch(new RegExp(`${secret}|${token}|AWS4-HMAC`))
  })

  test('are in no object and in nothing that is said of one', async () => {
    const { AWS_SECRET_ACCESS_KEY: secret = '', AWS_ACCESS_KEY_ID: id = '' } = process.env
    const storage = world.open({ prefix: 'repository' })
    await publishers.apt(0, storage)

    const heads = await headObjects()
    const names = new Set(heads.flatMap(({ Metadata = {} }) => Object.keys(Metadata)))
    expect([...names]).toEqual(['hawser-write'])
    for (const { path, $metadata: _, ...head } of heads) {
      const all = `${inspect(head)}${(await bytesAt(storage, path)).toString('latin1')}`
      for (const hidden of [secret, id]) expect([path, all.includes(hidden)]).toEqual([path, false])
    }
  })
})
