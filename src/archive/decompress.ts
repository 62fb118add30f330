import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress, gunzipSync } from 'node:zlib'
import { UserError } from '../errors.ts'
import { type ByteStream, type CompressionKind, compressionKinds, compressions } from './compression.ts'
import { LzmaCoder } from './lzma.ts'
import { zstdFrames } from './zstd-frames.ts'

/** The compression that these first bytes are; `none` when they carry no known magic. */
export function detectCompression(firstBytes: Uint8Array): CompressionKind {
  const found = compressionKinds.find((kind) => {
    const { magic } = compressions[kind]
    return magic.length > 0 && magic.every((byte, index) => firstBytes[index] === byte)
  })
  return found ?? 'none'
}

export interface DecompressLimits {
  /** More output than this is refused. */
  readonly sizeBytesMax?: number
  /**
   * More output per input byte than this is refused, once the output has passed 16 MiB. deflate reaches 1032, xz and
   * zstd over 30,000 on a disk image of zeros, so there is no limit that suits everybody.
   */
  readonly ratioMax?: number
}

/**
 * Decompresses several gzip members, zstd frames, xz streams and blocks in a row. Nothing is trusted: limits bound
 * the output, and an error names how far the input was read.
 */
export async function* decompress(
  input: ByteStream,
  kind: CompressionKind,
  limits: DecompressLimits = {},
): ByteStream {
  const atOnce = syncDecoders[kind]
  const { head, rest } = atOnce === undefined ? { head: undefined, rest: input } : await takeHead(input)
  const whole = head === undefined ? undefined : decodedAtOnce(head, atOnce)
  const source = head === undefined ? rest : chained(head, rest)
  const counter = { readBytes: 0 }
  let writtenBytes = 0
  for await (const piece of whole ?? guarded(kind, counted(source, counter), counter)) {
    writtenBytes += piece.length
    checkLimits(
      kind,
      writtenBytes,
      whole === undefined ? counter.readBytes : (head?.bytes.length ?? 0),
      limits,
    )
    yield piece
  }
}

// Most files in packages and tails of indexes are small, and a codec that works beside us takes longer to set up than
// to run.
const headBytesMax = 64 << 10
const outputBytesMax = 4 << 20

interface Head {
  readonly bytes: Uint8Array
  /** There is no more. */
  readonly isAll: boolean
}

/** The first bytes of a stream, and the rest of it. */
async function takeHead(input: ByteStream): Promise<{ readonly head: Head; readonly rest: ByteStream }> {
  const iterator = input[Symbol.asyncIterator]()
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  let isAll = false
  while (!isAll && sizeBytes <= headBytesMax) {
    const next = await iterator.next()
    isAll = next.done === true
    if (next.done === true) break
    // A piece is only valid until the next one is asked for.
    pieces.push(Buffer.from(next.value))
    sizeBytes += next.value.length
  }
  return { head: { bytes: Buffer.concat(pieces), isAll }, rest: { [Symbol.asyncIterator]: () => iterator } }
}

async function* chained({ bytes, isAll }: Head, rest: ByteStream): ByteStream {
  if (bytes.length > 0) yield bytes
  if (!isAll) yield* rest
}

type SyncDecoder = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

// Not zstd: Node's reads the first of several frames and says nothing of the others (seen with 24).
const syncDecoders: Partial<Record<CompressionKind, SyncDecoder>> = { gzip: gunzipSync }

/** Undefined when it is too long, too large or damaged: then the stream says so, in its own words. */
function decodedAtOnce(
  { bytes, isAll }: Head,
  decode: SyncDecoder | undefined,
): readonly Uint8Array[] | undefined {
  if (!isAll || bytes.length === 0 || decode === undefined) return undefined
  try {
    return [decode(bytes, { maxOutputLength: outputBytesMax })]
  } catch (error) {
    if (isCodecError(error) || error instanceof RangeError) return undefined
    throw error
  }
}

// Small inputs may well be a few repeated bytes.
const freeBytes = 16 << 20

function checkLimits(
  kind: CompressionKind,
  writtenBytes: number,
  readBytes: number,
  { sizeBytesMax = Number.POSITIVE_INFINITY, ratioMax = Number.POSITIVE_INFINITY }: DecompressLimits,
): void {
  if (writtenBytes > sizeBytesMax) {
    throw new UserError(
      'ARCHIVE_TOO_LARGE',
      `The ${kind} data unpacks to more than ${sizeBytesMax} bytes (after ${readBytes} bytes of input).`,
      {
        hint: 'Do not use this file if you do not know where it comes from: it may be made to fill the disk.',
      },
    )
  }
  if (writtenBytes > freeBytes && writtenBytes > readBytes * ratioMax) {
    throw new UserError(
      'ARCHIVE_RATIO',
      `The ${kind} data unpacks to more than ${ratioMax} times its size (after ${readBytes} bytes of input).`,
      {
        hint: 'Do not use this file if you do not know where it comes from: it may be made to fill the disk.',
      },
    )
  }
}

async function* guarded(
  kind: CompressionKind,
  input: ByteStream,
  counter: { readonly readBytes: number },
): ByteStream {
  try {
    yield* decoders[kind](input)
  } catch (error) {
    if (!isCodecError(error)) throw error
    throw new UserError(
      'ARCHIVE_COMPRESSION',
      `The ${kind} data is damaged or ends too early (read up to offset ${counter.readBytes}): ${error.message}.`,
      { hint: 'Fetch or build the file again.', cause: error },
    )
  }
}

// What the codecs throw: node:zlib's errors carry a code and a number, lzma-native's are named after liblzma's.
function isCodecError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string') return /^(Z_|ZSTD_|ERR_ZLIB|LZMA_)/.test(error.code)
  return error.name.startsWith('LZMA_')
}

// A decoder of streams may be asked for this much memory by the file (xz -9 needs 65 MiB).
const memoryMax = 256 << 20

const decoders: Record<CompressionKind, (input: ByteStream) => ByteStream> = {
  gzip: (input) => throughNode(input, createGunzip({ chunkSize: 1 << 18 })),
  xz: (input) => LzmaCoder.decoder(memoryMax).run(smallPieces(input)),
  zstd: throughZstd,
  none: (input) => input,
}

async function* throughZstd(input: ByteStream): ByteStream {
  for await (const frame of zstdFrames(input))
    yield* throughNode(frame, createZstdDecompress({ chunkSize: 1 << 18 }))
}

function throughNode(input: ByteStream, codec: NodeJS.ReadWriteStream & AsyncIterable<Buffer>): ByteStream {
  // The callback only keeps the failure from being unhandled: the reader of the codec gets it.
  return pipeline(Readable.from(input, { objectMode: false }), codec, () => undefined) as typeof codec
}

async function* counted(input: ByteStream, counter: { readBytes: number }): ByteStream {
  for await (const piece of input) {
    counter.readBytes += piece.length
    yield piece
  }
}

/** liblzma gives all the output of one input at once, so a piece must be small enough that a bomb fits into memory. */
async function* smallPieces(input: ByteStream): ByteStream {
  for await (const piece of input) {
    for (let offset = 0; offset < piece.length; offset += 8192) yield piece.subarray(offset, offset + 8192)
  }
}
