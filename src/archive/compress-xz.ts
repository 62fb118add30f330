import { availableParallelism } from 'node:os'
import { chunksOf } from './chunks.ts'
import type { ByteStream } from './compression.ts'
import { LzmaCoder } from './lzma.ts'
import { throughXzTool, type XzSettings } from './xz-tool.ts'

/** One stream of several blocks: dpkg and rpm refuse several streams. */
export async function* compressXz(input: ByteStream, level: number): ByteStream {
  const settings = { level, threads: availableParallelism(), blockSizeBytes: blockSizeBytes(level) }
  const { head, all } = await withHead(input)
  yield* head.length === headSizeBytes && (await toolMakesSameBytes(head, settings))
    ? throughXzTool(all, settings)
    : ownCodec(all, settings)
}

// xz(1), -0 to -9: the dictionary sizes in MiB. Blocks are three dictionaries long, as xz makes them by default.
const dictionaryMiB = [0.25, 1, 2, 4, 4, 8, 8, 16, 32, 64]

function blockSizeBytes(level: number): number {
  const dictionary = dictionaryMiB[level]
  if (dictionary === undefined) throw new Error(`checkLevel has let the xz level ${level} pass`)
  return Math.max(1, 3 * dictionary) * (1 << 20)
}

// Smaller inputs are not worth a process.
const headSizeBytes = 4 << 20

const ownCodec = (input: ByteStream, { level, threads, blockSizeBytes: size }: XzSettings): ByteStream =>
  LzmaCoder.encoder(level, threads, size).run(input)

/** The input's first bytes, and the whole of it again. */
async function withHead(input: ByteStream): Promise<{ head: Uint8Array; all: ByteStream }> {
  const chunks = chunksOf(input, headSizeBytes)[Symbol.asyncIterator]()
  const first = await chunks.next()
  const head: Uint8Array = first.done === true ? new Uint8Array(0) : first.value
  async function* all(): ByteStream {
    try {
      yield head
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value
    } finally {
      await chunks.return?.()
    }
  }
  return { head, all: all() }
}

/** The tool only saves time: it is used when it is there and, on a sample of this input, agrees with our own codec. */
async function toolMakesSameBytes(head: Uint8Array, settings: XzSettings): Promise<boolean> {
  const sample = head.subarray(0, 1 << 18)
  const own = await collect(ownCodec(one(sample), settings))
  try {
    return own.equals(await collect(throughXzTool(one(sample), settings)))
  } catch {
    // No xz here, or one that does not know our options: our own codec does the same work, more slowly.
    return false
  }
}

async function* one(bytes: Uint8Array): ByteStream {
  yield bytes
}

async function collect(stream: ByteStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
