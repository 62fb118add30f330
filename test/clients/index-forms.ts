import { execFileSync } from 'node:child_process'
import { gzipSync, zstdCompressSync } from 'node:zlib'

/** A way to store an index that clients are expected to read. */
export interface IndexForm {
  readonly extension: '.gz' | '.xz' | '.zst'
  /** The pieces make the index when they follow each other. */
  readonly store: (pieces: readonly string[]) => Buffer
}

const gzip = (pieces: readonly string[]): Buffer => Buffer.concat(pieces.map((piece) => gzipSync(piece)))

/** Measured with apt 2.2 to 3.3, dnf 4.5 to 4.24, dnf5 5.4 and zypper 1.14: they read all of these. Several xz streams, or several bzip2 ones, they do not. */
export const indexForms: Readonly<Record<string, IndexForm>> = {
  'gzip, one member': { extension: '.gz', store: (pieces) => gzip([pieces.join('')]) },
  'gzip, a member for each package': { extension: '.gz', store: gzip },
  'gzip, members that are empty or end inside a package': {
    extension: '.gz',
    store: (pieces) => {
      const text = pieces.join('')
      const middle = Math.floor(text.length / 2)
      return gzip(['', text.slice(0, middle), '', text.slice(middle), ''])
    },
  },
  'zstd, a frame for each package': {
    extension: '.zst',
    store: (pieces) => Buffer.concat(pieces.map((piece) => zstdCompressSync(piece))),
  },
  'xz, one stream of several blocks': {
    extension: '.xz',
    store: (pieces) => {
      const sizes = pieces.map((piece) => Buffer.byteLength(piece)).join(',')
      return execFileSync('xz', ['--stdout', `--block-list=${sizes}`], { input: pieces.join('') })
    },
  },
}
