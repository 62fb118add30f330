import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { TransientError } from '../../errors.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { ObjectVersion, PutBody, PutOptions } from '../storage.ts'
import type { Connection } from './connection.ts'
import { headersOf } from './object-headers.ts'
import { type Condition, checkSource, ownVersion } from './put-object.ts'
import { headObject, unlessAbsent } from './read-object.ts'
import { S3Absent, S3Conflict } from './s3-errors.ts'

/** A part that the service has. */
export interface StoredPart {
  readonly ETag: string
  readonly PartNumber: number
}

interface FilePart {
  readonly number: number
  readonly start: number
  readonly sizeBytes: number
}

const partsMax = 10_000

type File = Exclude<PutBody, Uint8Array>

/**
 * A large file in parts. An interrupted upload of the same bytes is gone on with: its parts are compared by their MD5.
 * Several processes may go on with one upload at the same time; whoever is first finishes it.
 */
export async function putInParts(
  connection: Connection,
  path: string,
  file: File,
  options: PutOptions,
): Promise<ObjectVersion> {
  await checkSource(file)
  const parts = partsOf(file.sizeBytes, connection.options.partSizeMiB << 20)
  const handle = await open(file.file, 'r')
  try {
    for (let number = 0; number < uploadsMax; number++) {
      const sent = await unlessAbsent(() => sendFile(connection, path, { file, handle, parts }, options))
      // The upload is gone: another process finished it, or somebody gave it up.
      const version = sent ?? (await ownVersion(connection, path, file, options.signal))
      if (version !== undefined) return version
    }
  } finally {
    await handle.close()
  }
  throw new TransientError(
    'S3_INCOMPLETE',
    `${connection.location}${path}: its upload vanished ${uploadsMax} times before it was complete.`,
    { hint: 'Something else gives up uploads of this bucket, such as a lifecycle rule. Run it again.' },
  )
}

const uploadsMax = 3

interface OpenFile {
  readonly file: File
  readonly handle: FileHandle
  readonly parts: readonly FilePart[]
}

/** Throws S3Absent when the upload is gone before its last part is there. */
async function sendFile(
  connection: Connection,
  path: string,
  { file, handle, parts }: OpenFile,
  options: PutOptions,
): Promise<ObjectVersion> {
  const found = await findUpload(connection, path, handle, parts, options.signal)
  const upload = found?.upload ?? (await createUpload(connection, path, options))
  const there = found?.stored ?? new Map<number, StoredPart>()
  const send = async (part: FilePart, stop: AbortSignal): Promise<StoredPart> =>
    there.get(part.number) ??
    sendPart(connection, path, upload, part.number, await readPart(handle, part), stop)
  const signal = options.signal ?? new AbortController().signal
  const stored = await mapLimited(parts, connection.options.parallel, send, signal)
  const finished = { upload, parts: stored, sizeBytes: file.sizeBytes }
  try {
    return await completeUpload(connection, path, finished, options)
  } catch (error) {
    // Nobody will want these parts again: another object has the name.
    if (error instanceof S3Conflict) await abortUpload(connection, path, upload)
    throw error
  }
}

function partsOf(sizeBytes: number, wantedBytes: number): readonly FilePart[] {
  const partBytes = Math.max(wantedBytes, Math.ceil(sizeBytes / partsMax))
  return Array.from({ length: Math.max(1, Math.ceil(sizeBytes / partBytes)) }, (_, index) => ({
    number: index + 1,
    start: index * partBytes,
    sizeBytes: Math.min(partBytes, sizeBytes - index * partBytes),
  }))
}

async function readPart(handle: FileHandle, { start, sizeBytes }: FilePart): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(sizeBytes), 0, sizeBytes, start)
  return buffer.subarray(0, bytesRead)
}

/** An upload of this key that somebody began, and of which every part is one of ours. */
async function findUpload(
  connection: Connection,
  path: string,
  handle: FileHandle,
  parts: readonly FilePart[],
  signal: AbortSignal | undefined,
): Promise<{ readonly upload: string; readonly stored: ReadonlyMap<number, StoredPart> } | undefined> {
  for (const upload of await uploadsOf(connection, path, signal)) {
    const stored = await unlessAbsent(() => listParts(connection, path, upload, signal))
    if (stored === undefined || stored.size === 0) continue
    if (await areOurs(stored, handle, parts)) return { upload, stored }
  }
  return undefined
}

async function areOurs(
  stored: ReadonlyMap<number, StoredPart>,
  handle: FileHandle,
  parts: readonly FilePart[],
): Promise<boolean> {
  for (const [number, { ETag }] of stored) {
    const part = parts[number - 1]
    if (part === undefined) return false
    const md5 = createHash('md5')
      .update(await readPart(handle, part))
      .digest('hex')
    if (ETag.replaceAll('"', '') !== md5) return false
  }
  return true
}

async function uploadsOf(
  connection: Connection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  return connection.call(
    { action: 's3:ListMultipartUploads', path, signal },
    async ({ sdk, client, abortSignal }) => {
      const Key = connection.key(path)
      const command = new sdk.ListMultipartUploadsCommand({ Bucket: connection.bucket, Prefix: Key })
      const { Uploads = [] } = await client.send(command, { abortSignal })
      return Uploads.flatMap((upload) =>
        upload.Key === Key && upload.UploadId !== undefined ? [upload.UploadId] : [],
      )
    },
  )
}

async function listParts(
  connection: Connection,
  path: string,
  upload: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, StoredPart>> {
  const found = new Map<number, StoredPart>()
  let marker: string | undefined
  do {
    const answer = await connection.call(
      { action: 's3:PutObject', path, signal },
      async ({ sdk, client, abortSignal }) =>
        client.send(
          new sdk.ListPartsCommand({
            Bucket: connection.bucket,
            Key: connection.key(path),
            UploadId: upload,
            ...(marker === undefined ? {} : { PartNumberMarker: marker }),
          }),
          { abortSignal },
        ),
    )
    for (const { ETag, PartNumber } of answer.Parts ?? []) {
      if (ETag !== undefined && PartNumber !== undefined) found.set(PartNumber, { ETag, PartNumber })
    }
    marker = answer.IsTruncated === true ? answer.NextPartNumberMarker : undefined
  } while (marker !== undefined)
  return found
}

export async function createUpload(
  connection: Connection,
  path: string,
  options: PutOptions,
): Promise<string> {
  return connection.call(
    { action: 's3:PutObject', path, signal: options.signal },
    async ({ sdk, client, abortSignal }) => {
      const command = new sdk.CreateMultipartUploadCommand({
        Bucket: connection.bucket,
        Key: connection.key(path),
        ...headersOf(connection, options),
      })
      const { UploadId } = await client.send(command, { abortSignal })
      if (UploadId === undefined) throw new Error('The service began an upload without an id')
      return UploadId
    },
  )
}

export async function sendPart(
  connection: Connection,
  path: string,
  upload: string,
  number: number,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<StoredPart> {
  return connection.call({ action: 's3:PutObject', path, signal }, async ({ sdk, client, abortSignal }) => {
    const command = new sdk.UploadPartCommand({
      Bucket: connection.bucket,
      Key: connection.key(path),
      UploadId: upload,
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.length,
    })
    const { ETag = '' } = await client.send(command, { abortSignal })
    return { ETag, PartNumber: number }
  })
}

export interface FinishedUpload {
  readonly upload: string
  readonly parts: readonly StoredPart[]
  readonly sizeBytes: number
}

/** With a condition only where the service is known to honour it. Throws S3Conflict when it does not hold. */
export async function completeUpload(
  connection: Connection,
  path: string,
  { upload, parts, sizeBytes }: FinishedUpload,
  { condition, signal }: Pick<PutOptions, 'signal'> & { readonly condition?: Condition | undefined },
): Promise<ObjectVersion> {
  try {
    await connection.call({ action: 's3:PutObject', path, signal }, async ({ sdk, client, abortSignal }) => {
      const command = new sdk.CompleteMultipartUploadCommand({
        Bucket: connection.bucket,
        Key: connection.key(path),
        UploadId: upload,
        MultipartUpload: { Parts: parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber })) },
        ...(condition !== undefined && 'ifAbsent' in condition ? { IfNoneMatch: '*' } : {}),
      })
      await client.send(command, { abortSignal })
    })
  } catch (error) {
    // The upload is gone when an earlier answer was lost, or when another process finished the same upload.
    if (!(error instanceof S3Absent)) throw error
  }
  // Some services answer without an ETag, and the size proves that all parts are there.
  const found = await headObject(connection, path, signal)
  if (found?.sizeBytes === sizeBytes) return found.version
  throw new TransientError(
    'S3_INCOMPLETE',
    `${connection.location}${path} has ${found?.sizeBytes ?? 'no'} bytes after its upload, not ${sizeBytes}.`,
    { hint: 'Something else writes the same object, or the service lost parts. Run it again.' },
  )
}

export async function abortUpload(connection: Connection, path: string, upload: string): Promise<void> {
  await unlessAbsent(() =>
    connection.call({ action: 's3:PutObject', path }, async ({ sdk, client, abortSignal }) => {
      const command = new sdk.AbortMultipartUploadCommand({
        Bucket: connection.bucket,
        Key: connection.key(path),
        UploadId: upload,
      })
      await client.send(command, { abortSignal })
    }),
  )
}
