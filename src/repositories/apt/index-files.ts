import { createHash } from 'node:crypto'
import { compress } from '../../archive/compress.ts'
import { type CompressionKind, compressions } from '../../archive/compression.ts'
import { decompress } from '../../archive/decompress.ts'
import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import {
  type HashField,
  hasByHash,
  hashFieldNames,
  hashFields,
  type ListedFile,
  type Release,
} from './release.ts'

/** The forms of an index that we can read, best first: small, then everywhere. */
const readable: readonly CompressionKind[] = ['gzip', 'xz', 'zstd', 'none']

export const variantName = (base: string, kind: CompressionKind): string =>
  base + compressions[kind].extension

/** Names of one index in all its forms, also those that we cannot write (bz2, lzma, lz4), and its diffs. */
export const isFormOf = (path: string, base: string): boolean => path === base || path.startsWith(`${base}.`)

export const byHashPath = (path: string, section: HashField, hash: string): string =>
  `${path.slice(0, path.lastIndexOf('/') + 1)}by-hash/${section}/${hash}`

export function strongestOf({ hashes }: ListedFile): { section: HashField; hash: string } | undefined {
  for (const section of hashFieldNames.toReversed()) {
    const hash = hashes[hashFields[section]]
    if (hash !== undefined) return { section, hash }
  }
  return undefined
}

export function matches(bytes: Uint8Array, file: ListedFile): boolean {
  const strongest = strongestOf(file)
  if (strongest === undefined || bytes.length !== file.sizeBytes) return false
  return createHash(hashFields[strongest.section]).update(bytes).digest('hex') === strongest.hash
}

/** Where a listed file may be, surest first: by-hash names never change, usual names may be newer already. */
export function placesOf(release: Release, suitePath: string, path: string): readonly string[] {
  const { hashes = {} } = release.files.get(path) ?? {}
  const byHash = hashFieldNames.toReversed().flatMap((section) => {
    const hash = hashes[hashFields[section]]
    return hash === undefined ? [] : [`${suitePath}/${byHashPath(path, section, hash)}`]
  })
  const usual = `${suitePath}/${path}`
  return hasByHash(release) ? [...byHash, usual] : [usual, ...byHash]
}

/** The bytes of a listed file, if they are anywhere as they are listed. */
export async function readListed(
  storage: Storage,
  release: Release,
  suitePath: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const listed = release.files.get(path)
  if (listed === undefined) return undefined
  for (const place of placesOf(release, suitePath, path)) {
    const stored = await storage.get(place, { signal })
    if (stored === undefined || stored.sizeBytes !== listed.sizeBytes) continue
    const bytes = await stored.bytes()
    if (matches(bytes, listed)) return bytes
  }
  return undefined
}

const indexBytesMax = 2 ** 31

/** The text of an index (Latin-1) in whichever form it can be read; digests of both forms are checked. */
export async function readIndexText(
  storage: Storage,
  release: Release,
  suitePath: string,
  base: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const plain = release.files.get(base)
  for (const kind of readable) {
    const bytes = await readListed(storage, release, suitePath, variantName(base, kind), signal)
    if (bytes === undefined) continue
    const sizeBytesMax = plain?.sizeBytes ?? indexBytesMax
    const text = await collect(decompress(single(bytes), kind, { sizeBytesMax }))
    if (plain !== undefined && !matches(text, plain)) throw differs(`${suitePath}/${variantName(base, kind)}`)
    return text.toString('latin1')
  }
  throw missing(release, suitePath, base)
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const differs = (path: string): UserError =>
  new UserError('APT_INDEX', `${path} unpacks to something else than its Release file lists.`, {
    hint: 'Publish it again with the tool that wrote it, or restore it from a backup; nothing was changed.',
  })

function missing(release: Release, suitePath: string, base: string): UserError {
  const forms = [...release.files.keys()].filter((path) => isFormOf(path, base))
  const canRead = readable.some((kind) => forms.includes(variantName(base, kind)))
  if (!canRead) {
    return new UserError(
      'APT_INDEX_FORM',
      `${suitePath} lists ${forms.join(', ')}, and Hawser reads none of these forms.`,
      {
        hint: 'Publish it once with gzip-compressed indexes, which every client reads.',
      },
    )
  }
  return new UserError(
    'APT_INDEX',
    `The index ${suitePath}/${base} is missing or differs from what its Release file lists, in every form (${forms.join(', ')}).`,
    {
      hint:
        'If another tool is publishing at this moment, run it again. Otherwise the repository is damaged: publish it ' +
        'again with the tool that wrote it, or restore it from a backup; nothing was changed.',
    },
  )
}

export interface IndexFile {
  /** Below dists/<suite>. */
  readonly path: string
  readonly bytes: Uint8Array
  readonly listed: ListedFile
}

/** An index in the forms asked for; the plain one is always among them, since apt ignores an index without its digest. */
export async function renderForms(
  base: string,
  text: string,
  kinds: ReadonlySet<CompressionKind>,
  sections: readonly HashField[],
): Promise<readonly IndexFile[]> {
  const plain = Buffer.from(text, 'latin1')
  const files: IndexFile[] = []
  for (const kind of readable.toReversed()) {
    if (kind !== 'none' && !kinds.has(kind)) continue
    const level = compressions[kind].levelDefault
    const bytes = await collect(compress(single(plain), kind, { level, frames: 'single' }))
    files.push({ path: variantName(base, kind), bytes, listed: listedAs(bytes, sections) })
  }
  return files
}

export function listedAs(bytes: Uint8Array, sections: readonly HashField[]): ListedFile {
  const hashes = sections.map((section) => {
    const name = hashFields[section]
    return [name, createHash(name).update(bytes).digest('hex')] as const
  })
  return { sizeBytes: bytes.length, hashes: Object.fromEntries(hashes) }
}
