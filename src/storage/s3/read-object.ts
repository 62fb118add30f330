import { Readable } from 'node:stream'
import { TransientError } from '../../errors.ts'
import type { GetOptions, ObjectInfo, StoredObject } from '../storage.ts'
import type { Connection } from './connection.ts'
import { S3Absent } from './s3-errors.ts'

// What is smaller comes with the first answer; of what is larger often only the size is wanted.
const smallBytesMax = 1 << 20

export async function headObject(
  connection: Connection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<ObjectInfo | undefined> {
  return unlessAbsent(() =>
    connection.call({ action: 's3:GetObject', path, signal }, async ({ sdk, client, abortSignal }) => {
      const command = new sdk.HeadObjectCommand({ Bucket: connection.bucket, Key: connection.key(path) })
      const answer = await client.send(command, { abortSignal })
      return infoOf(path, { ...answer, total: answer.ContentLength })
    }),
  )
}

export async function getObject(
  connection: Connection,
  path: string,
  { range, signal }: GetOptions,
): Promise<StoredObject | undefined> {
  const { start = 0, end } = range ?? {}
  if (end !== undefined && end <= start) return partOf(await headObject(connection, path, signal))
  const first = await unlessAbsent(() => firstAnswer(connection, path, { start, end }, signal))
  if (first === 'beyond') return partOf(await headObject(connection, path, signal))
  if (first === undefined) return undefined
  const { info, bytes, length } = first
  if (bytes !== undefined)
    return { ...info, body: () => Readable.from(bytes.length === 0 ? [] : [bytes]), bytes: async () => bytes }
  const body = (): Readable => Readable.from(resumedBody(connection, info, start, start + length, signal))
  return { ...info, body, bytes: async () => Buffer.concat(await body().toArray()) }
}

const partOf = (info: ObjectInfo | undefined): StoredObject | undefined =>
  info === undefined
    ? undefined
    : { ...info, body: () => Readable.from([]), bytes: async () => new Uint8Array(0) }

type Span = { readonly start: number; readonly end: number | undefined }

/** The object's state, and its bytes when they are few. A body that breaks off is an answer that has to be asked for again. */
async function firstAnswer(
  connection: Connection,
  path: string,
  span: Span,
  signal: AbortSignal | undefined,
) {
  return connection.call({ action: 's3:GetObject', path, signal }, async ({ sdk, client, abortSignal }) => {
    const command = new sdk.GetObjectCommand({
      Bucket: connection.bucket,
      Key: connection.key(path),
      ...rangeOf(span),
    })
    try {
      const answer = await client.send(command, { abortSignal })
      const length = answer.ContentLength ?? 0
      const total = totalOf(answer.ContentRange) ?? length
      const info = infoOf(path, { ...answer, total })
      const stream = answer.Body as Readable
      if (length <= smallBytesMax) return { info, length, bytes: await whole(stream, length) }
      stream.on('error', () => undefined)
      stream.destroy()
      return { info, length, bytes: undefined }
    } catch (error) {
      if (error instanceof Error && error.name === 'InvalidRange') return 'beyond'
      throw error
    }
  })
}

const rangeOf = ({ start, end }: Span): { Range?: string } =>
  start === 0 && end === undefined ? {} : { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` }

const totalOf = (contentRange: string | undefined): number | undefined => {
  const [, total] = /\/(\d+)$/.exec(contentRange ?? '') ?? []
  return total === undefined ? undefined : Number(total)
}

async function whole(stream: Readable, length: number): Promise<Buffer> {
  const bytes = Buffer.concat(await stream.toArray())
  if (bytes.length === length) return bytes
  throw brokenOff(bytes.length, length)
}

const brokenOff = (found: number, expected: number): Error => {
  const error = new Error(`The answer ended after ${found} of ${expected} bytes`)
  error.name = 'IncompleteBody'
  return error
}

/** A large body, gone on with where it broke off. */
async function* resumedBody(
  connection: Connection,
  { path, version }: ObjectInfo,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let at = start
  let failures = 0
  while (at < end) {
    const before = at
    const stream = await openBody(connection, path, version, { start: at, end }, signal)
    try {
      for await (const chunk of stream) {
        at += chunk.length
        yield chunk
      }
      if (at < end) throw brokenOff(at - start, end - start)
    } catch (error) {
      signal?.throwIfAborted()
      // Progress shows that the service works; without any, something else is wrong.
      failures = at > before ? 0 : failures + 1
      if (failures > failuresMax) {
        throw new TransientError(
          'S3_UNAVAILABLE',
          `${connection.location}${path}: reading breaks off again and again.`,
          { cause: error },
        )
      }
    } finally {
      stream.destroy()
    }
  }
}

const failuresMax = 5

async function openBody(
  connection: Connection,
  path: string,
  version: string,
  span: Span,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  return connection.call({ action: 's3:GetObject', path, signal }, async ({ sdk, client, abortSignal }) => {
    const command = new sdk.GetObjectCommand({
      Bucket: connection.bucket,
      Key: connection.key(path),
      ...rangeOf(span),
    })
    const answer = await client.send(command, { abortSignal })
    const stream = answer.Body as Readable
    if (answer.ETag === version) return stream
    stream.on('error', () => undefined)
    stream.destroy()
    throw new TransientError('STORAGE_CHANGED', `${connection.location}${path} changed while it was read.`)
  })
}

function infoOf(
  path: string,
  {
    ETag,
    LastModified,
    total,
  }: { ETag?: string | undefined; LastModified?: Date | undefined; total?: number | undefined },
): ObjectInfo {
  return { path, sizeBytes: total ?? 0, version: ETag ?? '', modifiedAt: LastModified ?? new Date(0) }
}

export async function unlessAbsent<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof S3Absent) return undefined
    throw error
  }
}
