import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'

/** Of a blob from its byte `start` on. */
export function* chunkRanges(
  start: number,
  end: number,
  chunkBytes: number,
): Generator<{ readonly start: number; readonly end: number }> {
  for (let at = start; at < end; at += chunkBytes) yield { start: at, end: Math.min(end, at + chunkBytes) }
}

/** At most so many bytes. */
export async function* upTo(stream: ByteStream, bytes: number): ByteStream {
  let left = bytes
  for await (const piece of stream) {
    yield left < piece.length ? piece.subarray(0, left) : piece
    left -= piece.length
    if (left <= 0) return
  }
}

/** The length was promised to the registry: with less it would wait, and more would be another request. */
export async function* exactly(stream: ByteStream, bytes: number, digest: string): ByteStream {
  let left = bytes
  for await (const piece of stream) {
    left -= piece.length
    if (left < 0) break
    yield piece
  }
  if (left === 0) return
  const problem = left < 0 ? 'more' : `${left} bytes less`
  throw new UserError(
    'OCI_BLOB_SIZE',
    `The source of the blob ${digest} gave ${problem} than its ${bytes} bytes.`,
    {
      hint: 'It was changed while it was read, or is damaged. Nothing was stored of it.',
    },
  )
}
