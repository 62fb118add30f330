import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { s3Options } from '../../src/storage/s3/s3.ts'
import { s3Storage } from '../../src/storage/s3/s3-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { type Radosgw, startRadosgw } from '../servers/radosgw.ts'
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../servers/s3-faults.ts'

export interface S3World {
  readonly server: Radosgw
  readonly proxy: FaultProxy
  /** New for each test. */
  readonly bucket: string
  /** Every request of the test, with its headers. */
  readonly seen: readonly SeenRequest[]
  /** What happens to requests from now on; what was seen until now is forgotten. */
  decide(decide: FaultProxy['decide']): void
  options(more?: object): object
  open(more?: object): Storage
  largeFile(sizeBytes: number): Promise<{ readonly body: LargeFile; readonly bytes: Buffer }>
  /** Keys of uploads that were begun and neither finished nor given up. */
  unfinishedUploads(): Promise<readonly string[]>
}

export interface LargeFile {
  readonly file: string
  readonly sizeBytes: number
}

export const mebibyte = 1 << 20

/** A service of its own for the tests of a file, and a proxy in front of it that sees everything. */
export function s3World(): S3World {
  let server: Radosgw
  let proxy: FaultProxy
  let folder: string
  let bucket = ''
  let seen: SeenRequest[] = []
  const decide: S3World['decide'] = (next) => {
    seen = []
    proxy.clear()
    proxy.decide = (request) => {
      seen.push(request)
      return next(request)
    }
  }
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
    decide(() => undefined)
  })
  const options = (more: object = {}) => ({ bucket, endpoint: proxy.endpoint, region: 'eu-test-1', ...more })
  return {
    get server() {
      return server
    },
    get proxy() {
      return proxy
    },
    get bucket() {
      return bucket
    },
    get seen() {
      return seen
    },
    decide,
    options,
    open: (more) => s3Storage(s3Options.parse(options(more))),
    async largeFile(sizeBytes) {
      const bytes = randomBytes(sizeBytes)
      const file = join(folder, randomBytes(8).toString('hex'))
      await writeFile(file, bytes)
      return { body: { file, sizeBytes }, bytes }
    },
    async unfinishedUploads() {
      const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
      return Uploads.map(({ Key = '' }) => Key)
    },
  }
}

export async function bytesAt(storage: Storage, path: string): Promise<Buffer> {
  return Buffer.from((await (await storage.get(path))?.bytes()) ?? [])
}

export async function pathsIn(storage: Storage): Promise<readonly string[]> {
  const paths: string[] = []
  for await (const { path } of storage.list('')) paths.push(path)
  return paths
}

export const isPart = ({ method, query }: SeenRequest): boolean => method === 'PUT' && query.has('partNumber')
export const isComplete = ({ method, query }: SeenRequest): boolean =>
  method === 'POST' && query.has('uploadId')
