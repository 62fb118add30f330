import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { ByteStream } from '../../archive/compression.ts'
import { closing } from '../../lib/atomic-file.ts'
import type { Digest } from '../../lib/digest.ts'
import type { BlobSource } from '../oci-store.ts'

const pieceBytes = 1 << 20

export async function* fileFrom(path: string, startByte: number): ByteStream {
  yield* createReadStream(path, { start: startByte, highWaterMark: pieceBytes })
}

/** A file that holds exactly these bytes. */
export const fileSource = (file: string, digest: Digest, sizeBytes: number): BlobSource => ({
  digest,
  sizeBytes,
  open: (startByte = 0) => fileFrom(file, startByte),
})

/** To the disk, with the digest of what was written. */
export async function writeStream(
  stream: ByteStream,
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly digest: Digest; readonly sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const file = await open(path, 'wx', 0o644)
  await closing(file, async () => {
    for await (const piece of stream) {
      signal?.throwIfAborted()
      hash.update(piece)
      sizeBytes += piece.length
      await file.writeFile(piece)
    }
    await file.sync()
  })
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes }
}
