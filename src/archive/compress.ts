import { UserError } from '../errors.ts'
import { compressGzip } from './compress-gzip.ts'
import { compressXz } from './compress-xz.ts'
import { compressZstd } from './compress-zstd.ts'
import { type ByteStream, type CompressionKind, type CompressOptions, compressions } from './compression.ts'

/** Compresses on all cores; the bytes depend on input, kind, level and frames only, never on the machine's size. */
export function compress(input: ByteStream, kind: CompressionKind, options: CompressOptions): ByteStream {
  checkLevel(kind, options.level)
  const compressor = compressors[kind]
  return compressor(input, options)
}

/** Throws when the codec has no such level. */
export function checkLevel(kind: CompressionKind, level: number): void {
  const { levelMin, levelMax } = compressions[kind]
  if (kind === 'none' || (Number.isInteger(level) && level >= levelMin && level <= levelMax)) return
  throw new UserError('COMPRESSION_LEVEL', `The compression "${kind}" has no level ${level}.`, {
    hint: `Choose a whole number from ${levelMin} to ${levelMax}.`,
  })
}

const compressors: Record<CompressionKind, (input: ByteStream, options: CompressOptions) => ByteStream> = {
  gzip: (input, { level }) => compressGzip(input, level),
  xz: (input, { level }) => compressXz(input, level),
  zstd: compressZstd,
  none: (input) => input,
}
