import lzma from 'lzma-native'
import type { ByteStream } from './compression.ts'

/** liblzma as a stage of a byte stream: every input goes through it in libuv's pool, one at a time. */
export class LzmaCoder {
  readonly #stream = new lzma.Stream()
  #output: Uint8Array[] = []
  #isEnded = false
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined

  // The library's own Transform splits every chunk at each "YZ", which is quadratic for some inputs.
  private constructor() {
    this.#stream.setBufsize(1 << 18)
    this.#stream.bufferHandler = (output, _consumed, error) => {
      if (error) this.#settle?.reject(error)
      else if (output === null) this.#isEnded = true
      else if (output !== undefined) this.#output.push(output)
      // The last call for a piece of input either counts it as consumed or is the end.
      if (output === undefined || output === null) this.#settle?.resolve()
    }
  }

  static encoder(preset: number, threads: number, blockSizeBytes: number): LzmaCoder {
    const coder = new LzmaCoder()
    // CRC64 is what dpkg-deb, rpm and xz write.
    coder.#stream.easyEncoder({ preset, threads, blockSize: blockSizeBytes, check: lzma.CHECK_CRC64 })
    return coder
  }

  /** Reads several streams in a row. */
  static decoder(memoryMax: number): LzmaCoder {
    const coder = new LzmaCoder()
    coder.#stream.streamDecoder({ memlimit: memoryMax, flags: lzma.CONCATENATED })
    return coder
  }

  async *run(input: ByteStream): ByteStream {
    try {
      for await (const piece of input) {
        if (piece.length > 0) yield* await this.#code(piece)
      }
      while (!this.#isEnded) yield* await this.#code(null)
    } finally {
      this.#stream.resetUnderlying()
    }
  }

  async #code(piece: Uint8Array | null): Promise<Uint8Array[]> {
    await new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#stream.code(piece, true)
    })
    const output = this.#output
    this.#output = []
    return output
  }
}
