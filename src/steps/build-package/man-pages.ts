import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { compress } from '../../archive/compress.ts'
import { compressions } from '../../archive/compression.ts'
import type { ContentEntry } from '../../packages/package-spec.ts'
import type { Materials } from '../materials.ts'

/**
 * Debian Policy 12.1, and rpm's own brp-compress: manual pages are installed compressed, and links to them follow.
 * Undefined when a page is not at hand.
 */
export async function compressManPages(
  entries: readonly ContentEntry[],
  materials: Materials,
): Promise<readonly ContentEntry[] | undefined> {
  const compressed: ContentEntry[] = []
  for (const entry of entries) {
    const found = isManPage(entry.path) ? await compressedEntry(entry, materials) : entry
    if (found === undefined) return undefined
    compressed.push(found)
  }
  return compressed
}

const { extension } = compressions.gzip

/** hier(7): also the pages of a language, such as /usr/share/man/de/man1/tool.1. */
const isManPage = (path: string): boolean =>
  /^\/usr\/(local\/)?share\/man\/([^/]+\/)?man[1-9n][^/]*\/[^/]+$/.test(path) &&
  !/\.(gz|bz2|xz|zst|lzma|Z)$/.test(path)

async function compressedEntry(
  entry: ContentEntry,
  { store, keep }: Materials,
): Promise<ContentEntry | undefined> {
  if (entry.type === 'symlink') {
    return { ...entry, path: entry.path + extension, target: entry.target + extension }
  }
  if (entry.type !== 'file') return entry
  if (!(await store.has(entry.digest))) return undefined
  const page = await readFile(store.path(entry.digest))
  const bytes = await buffer(compress(once(page), 'gzip', { level: 9, frames: 'single' }))
  const digest = await keep(bytes)
  return {
    ...entry,
    path: entry.path + extension,
    source: store.path(digest),
    sizeBytes: bytes.length,
    digest,
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
