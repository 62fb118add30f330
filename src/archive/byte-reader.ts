import { UserError } from '../errors.ts'
import type { ByteStream } from './compression.ts'

/** Reads a byte stream in exact pieces and knows the offset, which every error names. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #what: string
  #rest: Uint8Array = new Uint8Array(0)
  #offset = 0

  /** `what` is for people: "The tar archive". */
  constructor(stream: ByteStream, what: string) {
    this.#pieces = stream[Symbol.asyncIterator]()
    this.#what = what
  }

  get offset(): number {
    return this.#offset
  }

  /** Exactly `sizeBytes` bytes, or fewer at the end of the stream. For small sizes: it copies. */
  async upTo(sizeBytes: number): Promise<Buffer> {
    const pieces: Uint8Array[] = []
    let missing = sizeBytes
    while (missing > 0) {
      const piece = await this.#next(missing)
      if (piece === undefined) break
      pieces.push(piece)
      missing -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** Exactly `sizeBytes` bytes; throws when the stream ends before. */
  async exactly(sizeBytes: number, part: string): Promise<Buffer> {
    const start = this.#offset
    const bytes = await this.upTo(sizeBytes)
    if (bytes.length < sizeBytes) throw this.#truncated(part, start, sizeBytes, bytes.length)
    return bytes
  }

  /** The next `sizeBytes` bytes as they come, without copying. */
  async *take(sizeBytes: number, part: string): ByteStream {
    const start = this.#offset
    let missing = sizeBytes
    while (missing > 0) {
      const piece = await this.#next(missing)
      if (piece === undefined) throw this.#truncated(part, start, sizeBytes, sizeBytes - missing)
      missing -= piece.length
      yield piece
    }
  }

  async skip(sizeBytes: number, part: string): Promise<void> {
    for await (const _piece of this.take(sizeBytes, part));
  }

  /** Reads to the end, so that a decompressor checks its checksum. */
  async drain(): Promise<void> {
    while ((await this.#next(Number.POSITIVE_INFINITY)) !== undefined);
  }

  /** Lets go of the stream before its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next()
      if (next.done === true) return true
      this.#rest = next.value
    }
    return false
  }

  async #next(sizeBytesMax: number): Promise<Uint8Array | undefined> {
    if (await this.isAtEnd()) return undefined
    const piece = this.#rest.subarray(0, sizeBytesMax)
    this.#rest = this.#rest.subarray(piece.length)
    this.#offset += piece.length
    return piece
  }

  #truncated(part: string, start: number, wanted: number, found: number): UserError {
    return new UserError(
      'ARCHIVE_TRUNCATED',
      `${this.#what} ends too early: ${part} at offset ${start} needs ${wanted} bytes, and ${found} are there.`,
      { hint: 'Fetch or build the file again.' },
    )
  }
}
