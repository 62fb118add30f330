import type { ByteStream } from './compression.ts'

/** The same bytes in pieces of exactly `sizeBytes` (the last may be shorter); nothing for an empty input. */
export async function* chunksOf(input: ByteStream, sizeBytes: number): ByteStream {
  let chunk: Uint8Array | undefined
  let used = 0
  for await (const piece of input) {
    let offset = 0
    while (offset < piece.length) {
      // Allocated when the first byte is there: with a bounded look-ahead every spare buffer counts.
      chunk ??= Buffer.allocUnsafeSlow(sizeBytes)
      const taken = Math.min(sizeBytes - used, piece.length - offset)
      chunk.set(piece.subarray(offset, offset + taken), used)
      offset += taken
      used += taken
      if (used < sizeBytes) continue
      yield chunk
      chunk = undefined
      used = 0
    }
  }
  if (chunk !== undefined) yield chunk.subarray(0, used)
}

/** Works on `parallelMax` chunks at a time and gives the results in the order of the chunks. */
export async function* mapInOrder<Chunk, Result>(
  chunks: AsyncIterable<Chunk>,
  parallelMax: number,
  work: (chunk: Chunk) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = []
  try {
    for await (const chunk of chunks) {
      const result = work(chunk)
      // It may fail before its turn to be awaited; that is no unhandled failure.
      result.catch(() => undefined)
      running.push(result)
      if (running.length < parallelMax) continue
      const first = running.shift()
      if (first !== undefined) yield await first
    }
    while (running.length > 0) {
      const first = running.shift()
      if (first !== undefined) yield await first
    }
  } finally {
    // When the reader leaves early or one chunk fails, the others still end; nobody is left to hear of them.
    await Promise.allSettled(running)
  }
}
