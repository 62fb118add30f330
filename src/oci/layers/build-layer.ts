import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { compress } from '../../archive/compress.ts'
import type { ByteStream } from '../../archive/compression.ts'
import { closing, fileSystemError, removeQuietly } from '../../lib/atomic-file.ts'
import type { Digest } from '../../lib/digest.ts'
import type { Descriptor } from '../descriptor.ts'
import { mediaTypes } from '../media-types.ts'
import type { LayerEntry } from './layer-entry.ts'
import { layerTar } from './layer-tar.ts'

export type LayerCompression = 'gzip' | 'zstd' | 'none'

export interface LayerOptions {
  /** Seconds since 1970: the time of every file. */
  readonly epoch: number
  readonly compression: LayerCompression
  /** Where the compressed layer is written; the file must not exist. */
  readonly outputPath: string
  readonly signal?: AbortSignal | undefined
}

export interface BuiltLayer {
  readonly descriptor: Descriptor
  /** Of the uncompressed archive: depends on the content alone. */
  readonly diffId: Digest
}

const types = { gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd, none: mediaTypes.layerTar } as const
/** zstd's own default packs as well as gzip's best, in a tenth of the time. */
const levels = { gzip: 6, zstd: 3, none: 0 } as const

/**
 * What decides about the bytes of a compressed layer, besides its content: digests of layers are only promised for the
 * same one. Digests of contents (diffId) are always the same.
 */
export const compressorId = (compression: LayerCompression): string =>
  [
    compression,
    levels[compression],
    process.versions[compression === 'zstd' ? 'zstd' : 'zlib'] ?? 'none',
  ].join(' ')

/** Archives, compresses (on all cores) and hashes in one pass; memory does not grow with the layer. */
export async function buildLayer(
  entries: Iterable<LayerEntry>,
  { epoch, compression, outputPath, signal }: LayerOptions,
): Promise<BuiltLayer> {
  const plain = createHash('sha256')
  const packed = createHash('sha256')
  const level = levels[compression]
  const tar = hashed(layerTar(entries, epoch), plain)
  let size = 0
  const file = await openNew(outputPath)
  try {
    await closing(file, async () => {
      for await (const piece of compress(tar, compression, { level, frames: 'independent' })) {
        signal?.throwIfAborted()
        packed.update(piece)
        size += piece.length
        await file.writeFile(piece)
      }
      await file.sync()
    })
  } catch (error) {
    await removeQuietly(outputPath)
    throw fileSystemError(error, 'write', outputPath)
  }
  return {
    descriptor: { mediaType: types[compression], digest: `sha256:${packed.digest('hex')}`, size },
    diffId: `sha256:${plain.digest('hex')}`,
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o644)
  } catch (error) {
    throw fileSystemError(error, 'write', path)
  }
}

async function* hashed(stream: ByteStream, hash: ReturnType<typeof createHash>): ByteStream {
  for await (const piece of stream) {
    hash.update(piece)
    yield piece
  }
}

/** How many layers are worth building side by side: compression uses all cores already. */
export const layersAtOnce = Math.max(1, availableParallelism() >> 1)
