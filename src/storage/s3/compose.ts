import { UserError } from '../../errors.ts'
import type { CopyOptions, Piece } from '../storage.ts'
import type { Connection } from './connection.ts'
import { abortUpload, completeUpload, createUpload, type StoredPart, sendPart } from './multipart.ts'
import { putWhole } from './put-object.ts'
import { getObject, headObject } from './read-object.ts'
import { S3Absent, S3Unsupported } from './s3-errors.ts'

/** S3 takes no smaller part than this, but for the last one. */
export const partBytesMin = 5 << 20
/** And copies no more than 5 GiB into one part. */
const copyBytesMax = 4 * 1024 ** 3

/**
 * Makes an object of pieces: inside the service where a piece is large enough for a part, else by reading what is small
 * and sending it along. At most a part's minimum is moved through this machine for each piece.
 */
export async function composeObject(
  connection: Connection,
  path: string,
  pieces: readonly Piece[],
  options: CopyOptions,
  knowledge: { canCopyParts: boolean },
): Promise<void> {
  const sizeBytes = pieces.reduce((sum, piece) => sum + sizeOf(piece), 0)
  const isLarge = pieces.some((piece) => !(piece instanceof Uint8Array) && sizeOf(piece) >= partBytesMin)
  if (isLarge && knowledge.canCopyParts) {
    try {
      await composeInParts(connection, path, pieces, sizeBytes, options)
      return
    } catch (error) {
      // Found out by doing: not every service copies into parts.
      if (!(error instanceof S3Unsupported)) throw error
      knowledge.canCopyParts = false
    }
  }
  const chunks: Uint8Array[] = []
  for (const piece of pieces) chunks.push(await bytesOf(connection, piece, options.signal))
  await putWhole(connection, path, Buffer.concat(chunks), options, undefined)
}

const sizeOf = (piece: Piece): number =>
  piece instanceof Uint8Array ? piece.length : piece.end - piece.start

async function bytesOf(
  connection: Connection,
  piece: Piece,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (piece instanceof Uint8Array) return piece
  const { from, start, end } = piece
  const stored = await getObject(connection, from, { range: { start, end }, signal })
  if (stored === undefined) throw missing(from)
  const bytes = await stored.bytes()
  if (bytes.length !== end - start) throw tooShort(from, end)
  return bytes
}

type Range = Exclude<Piece, Uint8Array>

async function composeInParts(
  connection: Connection,
  path: string,
  pieces: readonly Piece[],
  sizeBytes: number,
  options: CopyOptions,
): Promise<void> {
  for (const piece of pieces)
    if (!(piece instanceof Uint8Array)) await checkSource(connection, piece, options.signal)
  const upload = await createUpload(connection, path, options)
  try {
    const parts = await sendPieces(connection, { path, upload, pieces, signal: options.signal })
    await completeUpload(connection, path, { upload, parts, sizeBytes }, { signal: options.signal })
  } catch (error) {
    await abortUpload(connection, path, upload)
    throw error
  }
}

async function checkSource(
  connection: Connection,
  { from, end }: Range,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = await headObject(connection, from, signal)
  if (found === undefined) throw missing(from)
  if (found.sizeBytes < end) throw tooShort(from, end)
}

interface Sending {
  readonly path: string
  readonly upload: string
  readonly pieces: readonly Piece[]
  readonly signal: AbortSignal | undefined
}

/** Parts in order. What is smaller than a part's minimum is gathered, with the beginning of what follows it. */
async function sendPieces(connection: Connection, sending: Sending): Promise<readonly StoredPart[]> {
  const parts: StoredPart[] = []
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  const gather = (bytes: Uint8Array): void => {
    gathered.push(bytes)
    gatheredBytes += bytes.length
  }
  const flush = async (): Promise<void> => {
    const { path, upload, signal } = sending
    parts.push(await sendPart(connection, path, upload, parts.length + 1, Buffer.concat(gathered), signal))
    gathered = []
    gatheredBytes = 0
  }
  for (const piece of sending.pieces) {
    if (piece instanceof Uint8Array) {
      gather(piece)
      continue
    }
    let { from, start, end } = piece
    const lacking = gatheredBytes === 0 ? 0 : Math.max(0, partBytesMin - gatheredBytes)
    if (gatheredBytes > 0 && end - start >= lacking + partBytesMin) {
      gather(await bytesOf(connection, { from, start, end: start + lacking }, sending.signal))
      start += lacking
      await flush()
    }
    if (gatheredBytes > 0 || end - start < partBytesMin) {
      gather(await bytesOf(connection, { from, start, end }, sending.signal))
      continue
    }
    for (const range of splitRange({ from, start, end })) {
      parts.push(await copyPart(connection, sending, parts.length + 1, range))
    }
  }
  if (gatheredBytes > 0 || parts.length === 0) await flush()
  return parts
}

/** In equal parts, since some services want them so, and none of them too small. */
function splitRange({ from, start, end }: Range): readonly Range[] {
  const count = Math.ceil((end - start) / copyBytesMax)
  const partBytes = Math.ceil((end - start) / count)
  return Array.from({ length: count }, (_, index) => ({
    from,
    start: start + index * partBytes,
    end: Math.min(end, start + (index + 1) * partBytes),
  }))
}

async function copyPart(
  connection: Connection,
  { path, upload, signal }: Sending,
  number: number,
  { from, start, end }: Range,
): Promise<StoredPart> {
  try {
    return await connection.call(
      { action: 's3:PutObject', path, signal },
      async ({ sdk, client, abortSignal }) => {
        const command = new sdk.UploadPartCopyCommand({
          Bucket: connection.bucket,
          Key: connection.key(path),
          UploadId: upload,
          PartNumber: number,
          CopySource: copySourceOf(connection, from),
          CopySourceRange: `bytes=${start}-${end - 1}`,
        })
        const { CopyPartResult } = await client.send(command, { abortSignal })
        return { ETag: CopyPartResult?.ETag ?? '', PartNumber: number }
      },
    )
  } catch (error) {
    if (error instanceof S3Absent) throw missing(from)
    throw error
  }
}

/** As a header: the key is percent-encoded, its slashes are not. */
export const copySourceOf = (connection: Connection, path: string): string =>
  `${connection.bucket}/${connection.key(path).split('/').map(encodeURIComponent).join('/')}`

const missing = (path: string): UserError =>
  new UserError('STORAGE_PIECE_MISSING', `${path}, of which a part was to be copied, is gone.`, {
    hint: 'Something else changes this storage at the same time. Run it again.',
  })

const tooShort = (path: string, end: number): UserError =>
  new UserError('STORAGE_PIECE_SHORT', `${path} has fewer than the ${end} bytes that were to be copied.`, {
    hint: 'Something else changes this storage at the same time. Run it again.',
  })

/** One object from another bucket, or place in it, of the same service. False when the source is absent. */
export async function copyObject(
  to: Connection,
  from: Connection,
  source: string,
  path: string,
  options: CopyOptions,
  headers: object,
): Promise<boolean> {
  try {
    await to.call(
      { action: 's3:PutObject', path, signal: options.signal },
      async ({ sdk, client, abortSignal }) => {
        const command = new sdk.CopyObjectCommand({
          Bucket: to.bucket,
          Key: to.key(path),
          CopySource: copySourceOf(from, source),
          // Else the copy would be cached as its source is.
          MetadataDirective: 'REPLACE',
          ...headers,
        })
        await client.send(command, { abortSignal })
      },
    )
    return true
  } catch (error) {
    if (error instanceof S3Absent) return false
    throw error
  }
}
