import { ByteReader } from './byte-reader.ts'
import type { ByteStream } from './compression.ts'

const magic = 0xfd2fb528
// 0x184D2A50 to 0x184D2A5F.
const skippableMagic = 0x184d2a50
const skippableMask = 0xfffffff0

/**
 * Cuts a stream of several zstd frames (RFC 8878, 3.1) into one stream for each, which have to be read in turn. Node's
 * decompressor ends with the first frame and says nothing of what follows in the same piece of input (seen with 24).
 * What is no frame is given on as it is: the decompressor knows what to say about it.
 */
export async function* zstdFrames(input: ByteStream): AsyncGenerator<ByteStream> {
  const reader = new ByteReader(input, 'The zstd data')
  try {
    for (let isFirst = true; ; isFirst = false) {
      const start = await reader.upTo(4)
      // Nothing at all is no frame either.
      if (start.length === 0 && !isFirst) return
      if (start.length === 4 && (start.readUInt32LE() & skippableMask) >>> 0 === skippableMagic) {
        const size = await reader.upTo(4)
        if (size.length === 4) await reader.upTo(size.readUInt32LE())
        continue
      }
      const isFrame = start.length === 4 && start.readUInt32LE() === magic
      yield isFrame ? frame(start, reader) : rest(start, reader)
      if (!isFrame) return
    }
  } finally {
    await reader.close()
  }
}

async function* rest(start: Buffer, reader: ByteReader): ByteStream {
  yield start
  for (let piece = await reader.upTo(pieceBytes); piece.length > 0; piece = await reader.upTo(pieceBytes))
    yield piece
}

const pieceBytes = 1 << 16

/** One frame, to its last byte; less when the input ends before. */
async function* frame(start: Buffer, reader: ByteReader): ByteStream {
  const descriptor = await reader.upTo(1)
  const flags = descriptor[0] ?? 0
  yield Buffer.concat([start, descriptor, await reader.upTo(headerBytes(flags))])
  for (let isLast = false; !isLast; ) {
    const header = await reader.upTo(3)
    if (header.length < 3) {
      yield header
      return
    }
    const word = header.readUIntLE(0, 3)
    isLast = (word & 1) === 1
    // A block of one repeated byte (type 1) stores that byte alone.
    const bytes = ((word >> 1) & 3) === 1 ? 1 : word >> 3
    yield header
    yield await reader.upTo(bytes)
  }
  if ((flags & 0x04) !== 0) yield await reader.upTo(4)
}

/** What follows the descriptor: window, dictionary id, content size (3.1.1.1). */
function headerBytes(flags: number): number {
  const isSingleSegment = (flags & 0x20) !== 0
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0
  const dictionary = [0, 1, 2, 4][flags & 3] ?? 0
  return (isSingleSegment ? 0 : 1) + dictionary + contentSize
}
