import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { s3Options } from '../../src/storage/s3/s3.ts'
import { s3Storage } from '../../src/storage/s3/s3-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { type Fault, type FaultProxy, startFaultProxy } from '../servers/s3-faults.ts'

let server: Radosgw
let proxy: FaultProxy
let bucket: string
beforeAll(async () => {
  server = await startRadosgw()
  proxy = await startFaultProxy(server.endpoint)
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
})
beforeEach(async () => {
  proxy.decide = () => undefined
  bucket = await server.bucket()
})

const open = (more: object = {}): Storage =>
  s3Storage(s3Options.parse({ bucket, endpoint: proxy.endpoint, region: 'eu-test-1', ...more }))

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it worked'),
    (reason: unknown) => reason,
  )
  const text = failureText(error).replaceAll(bucket, '<bucket>').replaceAll(proxy.endpoint, '<endpoint>')
  return `${text.replace(/127\.0\.0\.1:\d+/g, '<address>')}\n`
}

const golden = (name: string): string => `testdata/errors/s3-${name}.txt`
const body = Buffer.from('x')

test('a bucket that does not exist', async () => {
  const storage = open({ bucket: 'there-is-no-such-bucket' })

  await expect(await failureOf(storage.put('x', body))).toMatchFileSnapshot(golden('no-bucket'))
  await expect(await failureOf(storage.get('x'))).toMatchFileSnapshot(golden('no-bucket-read'))
})

test('a wrong secret', async () => {
  const secret = process.env['AWS_SECRET_ACCESS_KEY'] ?? ''
  process.env['AWS_SECRET_ACCESS_KEY'] = 'this-is-a-wrong-secret'
  try {
    const failure = await failureOf(open().put('x', body))

    await expect(failure).toMatchFileSnapshot(golden('wrong-secret'))
    expect(failure).not.toContain('this-is-a-wrong-secret')
  } finally {
    process.env['AWS_SECRET_ACCESS_KEY'] = secret
  }
})

describe('no credentials at all', () => {
  const kept = { ...process.env }
  afterEach(() => {
    Object.assign(process.env, kept)
  })

  test('are named, with where they come from', async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env
    delete process.env['AWS_ACCESS_KEY_ID']
    delete process.env['AWS_SECRET_ACCESS_KEY']
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/nonexistent'
    process.env['AWS_CONFIG_FILE'] = '/nonexistent'

    const failure = await failureOf(open().head('x'))
    Object.assign(process.env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY })

    await expect(failure).toMatchFileSnapshot(golden('no-credentials'))
  })
})

describe('a permission that is missing', () => {
  const deny = async (...actions: string[]): Promise<void> => {
    const statement = { Effect: 'Deny', Principal: '*', Action: actions }
    const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Resource }] })
    await server.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
  }
  afterEach(() => server.client.send(new DeleteBucketPolicyCommand({ Bucket: bucket })))

  test.each<[action: string, call: (storage: Storage) => Promise<unknown>]>([
    ['PutObject', (storage) => storage.put('x', body)],
    ['PutObject', (storage) => storage.put('x', body, { condition: { ifAbsent: true } })],
    ['GetObject', (storage) => storage.get('there')],
    ['GetObject', (storage) => storage.head('there')],
    ['DeleteObject', (storage) => storage.delete('there')],
    [
      'ListBucket',
      async (storage) => {
        for await (const _ of storage.list('')) return
      },
    ],
  ])('%s', async (action, call) => {
    const storage = open()
    await storage.put('there', body, { condition: { ifAbsent: true } })
    await deny(`s3:${action}`)

    await expect(await failureOf(call(storage))).toMatchFileSnapshot(golden(`denied-${action}`))
  })
})

describe('what the service says', () => {
  const saying = (fault: Fault): void => {
    proxy.decide = () => fault
  }

  test.each<[name: string, status: number, code: string]>([
    ['clock', 403, 'RequestTimeTooSkewed'],
    ['expired-token', 400, 'ExpiredToken'],
    ['unknown-key', 403, 'InvalidAccessKeyId'],
    ['redirect', 301, 'PermanentRedirect'],
    ['region', 400, 'AuthorizationHeaderMalformed'],
    ['refused', 400, 'InvalidArgument'],
    ['quota', 403, 'QuotaExceeded'],
  ])('%s', async (name, status, code) => {
    saying({ kind: 'answer', status, code })

    await expect(await failureOf(open().put('x', body))).toMatchFileSnapshot(golden(name))
  })

  test('a busy service is asked again, and named when it stays so', async () => {
    saying({ kind: 'answer', status: 503, code: 'SlowDown' })

    await expect(await failureOf(open().put('x', body))).toMatchFileSnapshot(golden('busy'))
    expect(proxy.requests.filter(({ status }) => status === 503).length).toBeGreaterThan(5)
  })
})

test('a service that is not there, and one whose name nobody knows', async () => {
  const gone = await startFaultProxy(server.endpoint)
  await gone.close()

  await expect(await failureOf(open({ endpoint: gone.endpoint }).head('x'))).toMatchFileSnapshot(
    golden('unreachable'),
  )
  await expect(await failureOf(open({ endpoint: 'http://s3.invalid' }).head('x'))).toMatchFileSnapshot(
    golden('unknown-host'),
  )
})

test('a file that changed since it was built', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-s3-'))
  await writeFile(join(folder, 'file'), 'four')

  const failure = await failureOf(open().put('x', { file: join(folder, 'file'), sizeBytes: 5 }))
  await expect(failure.replaceAll(folder, '<folder>')).toMatchFileSnapshot(golden('changed-file'))
  await rm(folder, { recursive: true })
})
