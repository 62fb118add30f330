import { createHash } from 'node:crypto'
import type { ByteStream } from '../../archive/compression.ts'

/** Counts and hashes the bytes that pass. */
export class Meter {
  readonly #hash = createHash('sha256')
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async *measure(input: ByteStream): ByteStream {
    for await (const piece of input) {
      if (piece.length === 0) continue
      this.#hash.update(piece)
      this.#sizeBytes += piece.length
      yield piece
    }
  }

  /** Of what has passed so far. */
  hexDigest(): string {
    return this.#hash.copy().digest('hex')
  }
}
