import { open } from 'node:fs/promises'
import type { ByteStream } from '../../archive/compression.ts'

const pieceBytes = 1 << 20

/**
 * A file for a layer, through one buffer: a piece is gone when the next one is asked for, as a ByteStream allows. New
 * buffers for each piece would double the memory that a large layer takes (seen with Node 24).
 */
export async function* layerFile(path: string): ByteStream {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size + 1))
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
