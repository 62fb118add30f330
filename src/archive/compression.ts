/** Bytes as they flow through codecs, tar, cpio and hashes. */
export type ByteStream = AsyncIterable<Uint8Array>

export type CompressionKind = 'gzip' | 'xz' | 'zstd' | 'none'

export interface CompressOptions {
  readonly level: number
  /**
   * `single`: one zstd frame or one xz stream, which dpkg insists on (gzip may always have several members).
   * `independent`: several zstd frames are fine (rpm payloads, repository indexes).
   */
  readonly frames: 'single' | 'independent'
}
