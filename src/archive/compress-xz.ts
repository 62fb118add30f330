import { availableParallelism } from 'node:os'
import type { ByteStream } from './compression.ts'
import { LzmaCoder } from './lzma.ts'

/** One stream of several blocks: dpkg and rpm refuse several streams. */
export function compressXz(input: ByteStream, level: number): ByteStream {
  return LzmaCoder.encoder(level, availableParallelism(), blockSizeBytes(level)).run(input)
}

// xz(1), -0 to -9: the dictionary sizes in MiB. A block of two dictionaries costs about 2 % against xz's three, and keeps
// the cores evenly loaded to the end.
const dictionaryMiB = [0.25, 1, 2, 4, 4, 8, 8, 16, 32, 64]

function blockSizeBytes(level: number): number {
  const dictionary = dictionaryMiB[level]
  if (dictionary === undefined) throw new Error(`checkLevel has let the xz level ${level} pass`)
  return Math.max(1, 2 * dictionary) * (1 << 20)
}
