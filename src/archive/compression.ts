/** Bytes as they flow through codecs, tar, cpio and hashes. A piece is valid until the next one is asked for. */
export type ByteStream = AsyncIterable<Uint8Array>

export type CompressionKind = 'gzip' | 'xz' | 'zstd' | 'none'

export interface CompressOptions {
  readonly level: number
  /**
   * `single`: one zstd frame or one xz stream, which dpkg insists on (gzip may always have several members).
   * `independent`: several zstd frames are fine (repository indexes).
   */
  readonly frames: 'single' | 'independent'
}

interface Compression {
  /** As package tools append it: `data.tar.xz`, `Packages.gz`. */
  readonly extension: string
  readonly magic: readonly number[]
  readonly levelMin: number
  readonly levelMax: number
  /** What dpkg-deb and rpmbuild use when nobody says otherwise. */
  readonly levelDefault: number
  /** Debian 11 and EL 7 cannot read zstd, so it is never chosen silently. */
  readonly readEverywhere: boolean
}

/** What is true of a compression, written once. */
export const compressions = {
  gzip: {
    extension: '.gz',
    magic: [0x1f, 0x8b],
    levelMin: 1,
    levelMax: 9,
    levelDefault: 6,
    readEverywhere: true,
  },
  xz: {
    extension: '.xz',
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    levelMin: 0,
    levelMax: 9,
    levelDefault: 6,
    readEverywhere: true,
  },
  zstd: {
    extension: '.zst',
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    levelMin: 1,
    levelMax: 19,
    levelDefault: 19,
    readEverywhere: false,
  },
  none: { extension: '', magic: [], levelMin: 0, levelMax: 0, levelDefault: 0, readEverywhere: true },
} as const satisfies Record<CompressionKind, Compression>

export const compressionKinds: readonly CompressionKind[] = ['gzip', 'xz', 'zstd', 'none']

/** The compression of a file name, e.g. `data.tar.zst`; undefined when its last extension is not one of ours. */
export function compressionOfName(name: string): CompressionKind | undefined {
  if (name.endsWith('.tar')) return 'none'
  return compressionKinds.find((kind) => kind !== 'none' && name.endsWith(compressions[kind].extension))
}
