/** The parts of lzma-native 8 that we use; the package ships no types. */
declare module 'lzma-native' {
  interface EncoderOptions {
    readonly preset: number
    readonly check: number
    /** Present: liblzma's multi-threaded encoder, whose blocks carry their sizes. */
    readonly threads: number
    readonly blockSize: number
  }

  interface DecoderOptions {
    readonly memlimit: number
    readonly flags: number
  }

  /** liblzma's coder. `code` runs in libuv's pool and then calls `bufferHandler`, several times. */
  class Stream {
    /** A piece of output; null: the end, or an error; undefined: so many inputs were consumed. */
    bufferHandler: (
      output: Uint8Array | null | undefined,
      consumed: number | undefined,
      error: Error | null | undefined,
    ) => void
    easyEncoder(options: EncoderOptions): void
    streamDecoder(options: DecoderOptions): void
    setBufsize(sizeBytes: number): void
    code(input: Uint8Array | null, isAsync: boolean): void
    resetUnderlying(): void
  }

  const lzma: {
    readonly Stream: typeof Stream
    readonly CHECK_CRC64: number
    readonly CONCATENATED: number
  }
  // biome-ignore lint/style/noDefaultExport: a CommonJS module has nothing else.
  export default lzma
}
