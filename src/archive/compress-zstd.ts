import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, createZstdCompress, type ZstdCompress, zstdCompress } from 'node:zlib'
import { chunksOf, mapInOrder } from './chunks.ts'
import type { ByteStream, CompressOptions } from './compression.ts'

const zstdAsync = promisify(zstdCompress)

const MiB = 1 << 20

export function compressZstd(input: ByteStream, { level, frames }: CompressOptions): ByteStream {
  return frames === 'single' ? singleFrame(input, level) : independentFrames(input, level)
}

// A frame cannot refer to the one before it, so frames grow with the level's window.
const frameSizeBytes = (level: number): number => (level > 12 ? 16 * MiB : 4 * MiB)

/** One whole frame. */
export const zstdFrame = (chunk: Uint8Array, level: number): Promise<Uint8Array> =>
  zstdAsync(chunk, { chunkSize: MiB, params: frameParameters(level) })

async function* independentFrames(input: ByteStream, level: number): ByteStream {
  let isEmpty = true
  const compressFrame = (chunk: Uint8Array): Promise<Uint8Array> => zstdFrame(chunk, level)
  for await (const frame of mapInOrder(
    chunksOf(input, frameSizeBytes(level)),
    availableParallelism(),
    compressFrame,
  )) {
    isEmpty = false
    yield frame
  }
  if (isEmpty) yield await compressFrame(new Uint8Array(0))
}

/** One frame, made by libzstd's own workers; the same bytes for any number of workers from one up. */
async function* singleFrame(input: ByteStream, level: number): ByteStream {
  // A job reloads up to a window (8 MiB at the high levels) of what stands before it, so it must be longer than that.
  const jobSizeBytes = level > 12 ? 16 * MiB : 4 * MiB
  const workers = Math.min(availableParallelism(), 8)
  const codec = createZstdCompress({
    chunkSize: MiB,
    // Node ends its loop when the codec has taken the input, not when the workers have given their output: without
    // a flush for every write it silently truncates the frame (seen with Node 24).
    flush: constants.ZSTD_e_flush,
    finishFlush: constants.ZSTD_e_end,
    params: {
      ...frameParameters(level),
      [constants.ZSTD_c_nbWorkers]: workers,
      [constants.ZSTD_c_jobSize]: jobSizeBytes,
    },
  })
  // A flush at the end of a job changes nothing, so a write may be any number of whole jobs.
  // Two workers wait for each other at its end, so it holds more than one job for each.
  const writeSizeBytes = Math.max(4, workers) * jobSizeBytes
  const writing = writeAll(input, codec, buffersFor(level, writeSizeBytes))
  // It is awaited after the output; until then a failure must not count as unhandled.
  writing.catch(() => undefined)
  try {
    for await (const piece of codec) yield piece
    await writing
  } finally {
    codec.destroy()
    await Promise.allSettled([writing])
  }
}

/** At low levels the input is read and hashed while the codec works; at high ones it is the codec that takes the time. */
const buffersFor = (level: number, sizeBytes: number): readonly Buffer[] =>
  level > 12
    ? [Buffer.allocUnsafeSlow(sizeBytes)]
    : [Buffer.allocUnsafeSlow(sizeBytes), Buffer.allocUnsafeSlow(sizeBytes)]

/** Fills the buffers in turns: the codec has taken all of one when its write is over. */
async function writeAll(input: ByteStream, codec: ZstdCompress, buffers: readonly Buffer[]): Promise<void> {
  const ring = [...buffers]
  let writing = Promise.resolve()
  const write = async (chunk: Buffer): Promise<void> => {
    const before = writing
    writing = before.then(() => writeOne(chunk, codec))
    // It may fail before its turn to be awaited; that is no unhandled failure.
    writing.catch(() => undefined)
    await (buffers.length > 1 ? before : writing)
  }
  try {
    let [buffer = Buffer.alloc(0)] = ring
    let used = 0
    for await (const piece of input) {
      for (let offset = 0; offset < piece.length; ) {
        const taken = Math.min(buffer.length - used, piece.length - offset)
        buffer.set(piece.subarray(offset, offset + taken), used)
        offset += taken
        used += taken
        if (used < buffer.length) continue
        await write(buffer)
        ring.push(...ring.splice(0, 1))
        buffer = ring[0] ?? buffer
        used = 0
      }
    }
    if (used > 0) await write(buffer.subarray(0, used))
    await writing
    codec.end()
  } catch (error) {
    codec.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

function writeOne(chunk: Uint8Array, codec: ZstdCompress): Promise<void> {
  return new Promise((resolve, reject) => {
    codec.write(chunk, (error) => (error == null ? resolve() : reject(error)))
  })
}

// dpkg-deb and rpmbuild write the checksum too.
const frameParameters = (level: number): Record<number, number> => ({
  [constants.ZSTD_c_compressionLevel]: level,
  [constants.ZSTD_c_checksumFlag]: 1,
})
