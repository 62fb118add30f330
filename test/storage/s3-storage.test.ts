import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { s3Options } from '../../src/storage/s3/s3.ts'
import { s3Storage } from '../../src/storage/s3/s3-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import {
  type FaultProxy,
  type SeenRequest,
  startFaultProxy,
  withoutConditions,
} from '../servers/s3-faults.ts'

const mebibyte = 1 << 20

let server: Radosgw
let proxy: FaultProxy
let bucket: string
let folder: string
/** Everything that was asked, with its headers. */
let seen: SeenRequest[]

beforeAll(async () => {
  server = await startRadosgw()
  proxy = await startFaultProxy(server.endpoint)
  folder = await mkdtemp(join(tmpdir(), 'hawser-s3-'))
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  bucket = await server.bucket()
  seen = []
  proxy.decide = watch(() => undefined)
  proxy.clear()
})

const watch =
  (decide: FaultProxy['decide']): FaultProxy['decide'] =>
  (request) => {
    seen.push(request)
    return decide(request)
  }

const open = (more: object = {}): Storage =>
  s3Storage(s3Options.parse({ bucket, endpoint: proxy.endpoint, region: 'eu-test-1', ...more }))

async function file(sizeBytes: number): Promise<{ file: string; sizeBytes: number; bytes: Buffer }> {
  const bytes = randomBytes(sizeBytes)
  const path = join(folder, `file-${sizeBytes}-${Math.random()}`)
  await writeFile(path, bytes)
  return { file: path, sizeBytes, bytes }
}

async function bytesOf(storage: Storage, path: string): Promise<Uint8Array | undefined> {
  return (await storage.get(path))?.bytes()
}

const partsSent = (): number =>
  seen.filter(({ method, query }) => method === 'PUT' && query.has('partNumber')).length

describe('a large file in parts', () => {
  test('is gone on with: only the parts that are missing are sent again', async () => {
    const { bytes, ...body } = await file(30 * mebibyte)
    let left = 3
    proxy.decide = watch(({ method, query }) =>
      method === 'PUT' && query.has('partNumber') && left-- <= 0
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    )
    await expect(open({ partSizeMiB: 5, parallel: 1 }).put('large', body)).rejects.toMatchObject({
      code: expect.stringContaining('S3_'),
    })
    seen = []
    proxy.decide = watch(() => undefined)

    await open({ partSizeMiB: 5, parallel: 1 }).put('large', body)

    expect(partsSent()).toBe(3)
    expect(bytes.equals((await bytesOf(open(), 'large')) ?? Buffer.alloc(0))).toBe(true)
  })

  test('does not take parts of other bytes', async () => {
    const { bytes: _first, ...first } = await file(15 * mebibyte)
    const { bytes, ...second } = await file(15 * mebibyte)
    let left = 2
    proxy.decide = watch(({ method, query }) =>
      method === 'PUT' && query.has('partNumber') && left-- <= 0
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    )
    await expect(open({ partSizeMiB: 5, parallel: 1 }).put('large', first)).rejects.toThrow()
    seen = []
    proxy.decide = watch(() => undefined)

    await open({ partSizeMiB: 5, parallel: 1 }).put('large', second)

    expect(partsSent()).toBe(3)
    expect(bytes.equals((await bytesOf(open(), 'large')) ?? Buffer.alloc(0))).toBe(true)
  })

  test('never has more requests under way than allowed', async () => {
    const { bytes: _bytes, ...body } = await file(40 * mebibyte)
    let underWay = 0
    let most = 0
    const storage = open({ partSizeMiB: 5, parallel: 2 })
    proxy.decide = watch(({ method, query }) => {
      if (method === 'PUT' && query.has('partNumber')) {
        underWay =
          partsSent() -
          proxy.requests.filter(
            ({ query: text, status }) => text.includes('partNumber') && status !== undefined,
          ).length
        most = Math.max(most, underWay)
      }
      return undefined
    })

    await storage.put('large', body)

    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(2)
  })
})

test('composing moves no existing bytes through this machine', async () => {
  const storage = open()
  const { bytes, ...body } = await file(24 * mebibyte)
  await storage.put('base', body)
  proxy.clear()
  const tail = randomBytes(1000)

  await storage.compose('longer', [{ from: 'base', start: 0, end: bytes.length }, tail])

  const moved = proxy.requests.reduce(
    (sum, { sentBytes, receivedBytes }) => sum + sentBytes + receivedBytes,
    0,
  )
  expect(moved).toBeLessThan(64 * 1024)
  expect(Buffer.concat([bytes, tail]).equals((await bytesOf(storage, 'longer')) ?? Buffer.alloc(0))).toBe(
    true,
  )
})

describe('what the service can do', () => {
  const record = async (): Promise<unknown> =>
    JSON.parse(Buffer.from((await bytesOf(open(), '.hawser/capabilities.json')) ?? []).toString())
  const create = (storage: Storage) => storage.put('x', Buffer.from('1'), { condition: { ifAbsent: true } })

  test('is found out once, and the trial leaves nothing', async () => {
    await create(open())

    expect(await record()).toEqual({
      probe: 1,
      endpoint: `${proxy.endpoint} eu-test-1`,
      bucket,
      ifNoneMatch: true,
      ifMatch: 'unquoted',
      conditionalComplete: false,
    })
    const paths: string[] = []
    for await (const { path } of open().list('')) paths.push(path)
    expect(paths).toEqual(['.hawser/capabilities.json', 'x'])
    seen = []
    await open().put('y', Buffer.from('1'), { condition: { ifAbsent: true } })
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'PUT'])
  })

  test('is found out by trying where conditions are ignored', async () => {
    proxy.decide = watch(withoutConditions)

    await create(open())

    expect(await record()).toMatchObject({ ifNoneMatch: false, ifMatch: 'none', conditionalComplete: false })
  })

  test('is not believed from another bucket', async () => {
    await create(open())
    const copied = Buffer.from(
      JSON.stringify({ ...((await record()) as object), bucket: 'other', ifNoneMatch: false }),
    )
    await open().put('.hawser/capabilities.json', copied)

    await open().put('z', Buffer.from('1'), { condition: { ifAbsent: true } })

    expect(await record()).toMatchObject({ bucket, ifNoneMatch: true })
  })
})

test('each kind of object has its headers', async () => {
  const storage = open({ acl: 'public-read', cacheControl: { entry: 'no-store' } })

  await storage.put('entry', Buffer.from('1'), { caching: 'entry', contentType: 'text/plain' })
  await storage.put('data', Buffer.from('2'), { caching: 'immutable', contentType: 'application/gzip' })
  await storage.copy({ path: 'data' }, 'copy', { caching: 'immutable' })

  const headersOf = (path: string) => {
    const request = seen.find((one) => one.method === 'PUT' && one.path.endsWith(`/${path}`))
    const { 'cache-control': cache, 'content-type': type, 'x-amz-acl': acl } = request?.headers ?? {}
    return { cache, type, acl }
  }
  expect(headersOf('entry')).toEqual({ cache: 'no-store', type: 'text/plain', acl: 'public-read' })
  const immutable = 'public, max-age=31536000, immutable'
  expect(headersOf('data')).toEqual({ cache: immutable, type: 'application/gzip', acl: 'public-read' })
  expect(headersOf('copy')).toMatchObject({ cache: immutable, acl: 'public-read' })
  const anonymous = await fetch(`${server.endpoint}/${bucket}/entry`)
  expect([anonymous.status, anonymous.headers.get('cache-control')]).toEqual([200, 'no-store'])
})

test('encryption is asked for with each object', async () => {
  const storage = open({ encryption: { algorithm: 'aws:kms', key: 'alias/packages' } })

  await storage.put('x', Buffer.from('1')).catch(() => undefined)

  const put = seen.find(({ method }) => method === 'PUT')
  expect(put?.headers).toMatchObject({
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': 'alias/packages',
  })
})

test('a conditional write whose answer was lost is recognised as ours', async () => {
  const storage = open()
  await storage.put('first', Buffer.from('1'), { condition: { ifAbsent: true } })
  let isLost = false
  proxy.decide = watch(({ method, path }) => {
    if (method !== 'PUT' || !path.endsWith('/mine') || isLost) return undefined
    isLost = true
    return { kind: 'lost answer' }
  })

  const result = await storage.put('mine', Buffer.from('1'), { condition: { ifAbsent: true } })

  expect(isLost).toBe(true)
  expect(result).toMatchObject({ status: 'written' })
  expect(await storage.put('mine', Buffer.from('2'), { condition: { ifAbsent: true } })).toEqual({
    status: 'conflict',
  })
})

test('no secret reaches the service but in its signature, nor objects', async () => {
  const storage = open()
  await storage.put('x', Buffer.from('1'), { condition: { ifAbsent: true } })

  const secret = process.env['AWS_SECRET_ACCESS_KEY'] ?? ''
  expect(secret).not.toBe('')
  expect(JSON.stringify(seen)).not.toContain(secret)
})
