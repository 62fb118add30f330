import { createHash } from 'node:crypto'
import { compress } from '../../archive/compress.ts'
import { type ByteStream, type CompressionKind, compressions } from '../../archive/compression.ts'
import { decompress, detectCompression } from '../../archive/decompress.ts'
import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Upload } from '../repository-format.ts'
import { type Checksum, type MetadataRecord, renderRecord } from './repomd.ts'
import { readXml, type XmlDocument } from './xml-elements.ts'
import { xmlAttributes } from './xml-escape.ts'

interface IndexShape {
  readonly root: string
  readonly namespaces: Readonly<Record<string, string>> & { readonly xmlns: string }
  /** Parts of a `<package>` that we read. */
  readonly parts: readonly string[]
}

/** The three files that list every package, in the order of repomd.xml. */
export const indexShapes = {
  primary: {
    root: 'metadata',
    namespaces: {
      xmlns: 'http://linux.duke.edu/metadata/common',
      'xmlns:rpm': 'http://linux.duke.edu/metadata/rpm',
    },
    parts: ['name', 'arch', 'version', 'checksum', 'size', 'location'],
  },
  filelists: {
    root: 'filelists',
    namespaces: { xmlns: 'http://linux.duke.edu/metadata/filelists' },
    parts: [],
  },
  other: { root: 'otherdata', namespaces: { xmlns: 'http://linux.duke.edu/metadata/other' }, parts: [] },
} as const satisfies Record<string, IndexShape>

export type IndexKind = keyof typeof indexShapes
export const indexKinds = ['primary', 'filelists', 'other'] as const satisfies readonly IndexKind[]

// Fedora's whole filelists are 0.7 GB unpacked.
const openSizeMax = 4 * 1024 ** 3
const sizeMax = 1024 ** 3

/** Reads one index; nothing of it is believed before its checksum is right. */
export async function readIndex(
  storage: Storage,
  kind: IndexKind,
  record: MetadataRecord,
  signal?: AbortSignal,
): Promise<XmlDocument> {
  const shape: IndexShape = indexShapes[kind]
  const bytes = await fetchMetadata(storage, record, signal)
  const open = createHash(nodeAlgorithm(record.openChecksum ?? record.checksum, record.path))
  const document = await readXml(
    unpacked(bytes, record, (chunk) => open.update(chunk)),
    {
      where: record.path,
      root: shape.root,
      namespace: shape.namespaces.xmlns,
      parts: shape.parts,
    },
  )
  if (record.openChecksum !== undefined) {
    expectChecksum(`"${record.path}", unpacked,`, record.openChecksum.value, open.digest('hex'))
  }
  return document
}

/** The stored file of a record, when it is what repomd.xml says. */
export async function fetchMetadata(
  storage: Storage,
  record: MetadataRecord,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const object = record.isElsewhere ? undefined : await storage.get(record.path, { signal })
  if (object === undefined) {
    throw new UserError(
      'DNF_METADATA_MISSING',
      `repomd.xml names "${record.path}", which is not in the repository.`,
      {
        hint: 'Restore the file, or make the metadata again with "createrepo_c --update", then publish again.',
      },
    )
  }
  if (object.sizeBytes > sizeMax) throw tooLarge(record.path, sizeMax)
  const bytes = await object.bytes()
  const hash = createHash(nodeAlgorithm(record.checksum, record.path))
  expectChecksum(`"${record.path}"`, record.checksum.value, hash.update(bytes).digest('hex'))
  return bytes
}

async function* unpacked(
  bytes: Uint8Array,
  record: MetadataRecord,
  see: (chunk: Uint8Array) => void,
): ByteStream {
  // A file that is right in its checksum but not in its size or compression was written so by somebody.
  const sizeBytesMax = Math.min(record.openSizeBytes ?? openSizeMax, openSizeMax)
  try {
    for await (const chunk of decompress(once(bytes), compressionOf(bytes, record.path), { sizeBytesMax })) {
      see(chunk)
      yield chunk
    }
  } catch (cause) {
    if (!(cause instanceof UserError) || !cause.code.startsWith('ARCHIVE_')) throw cause
    throw new UserError('DNF_METADATA_UNPACK', `"${record.path}" cannot be unpacked: ${cause.message}`, {
      hint: 'Its checksum is right, so it was stored like this. Make the metadata again, then publish again.',
      cause,
    })
  }
}

function compressionOf(bytes: Uint8Array, path: string): CompressionKind {
  const kind = detectCompression(bytes)
  if (kind !== 'none' || bytes[0] === 0x3c || bytes[0] === 0xef || bytes.length === 0) return kind
  throw new UserError(
    'DNF_METADATA_COMPRESSION',
    `"${path}" is compressed in a way that Hawser does not read.`,
    {
      hint: 'Make the metadata again with gz, xz or zstd, for example "createrepo_c --general-compress-type gz".',
    },
  )
}

async function* once(bytes: Uint8Array): ByteStream {
  yield bytes
}

// Names as createrepo writes them; "sha" is its old word for SHA-1.
const algorithms: Readonly<Record<string, string>> = {
  md5: 'md5',
  sha: 'sha1',
  sha1: 'sha1',
  sha224: 'sha224',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
}

function nodeAlgorithm({ type }: Checksum, path: string): string {
  const algorithm = algorithms[type]
  if (algorithm !== undefined) return algorithm
  throw new UserError('DNF_CHECKSUM_TYPE', `The checksum of "${path}" is of the unknown type "${type}".`, {
    hint: `Hawser knows ${Object.keys(algorithms).join(', ')}.`,
  })
}

function expectChecksum(subject: string, expected: string, found: string): void {
  if (expected === found) return
  throw new UserError(
    'DNF_CHECKSUM_WRONG',
    `${subject} has the checksum ${found}; repomd.xml says ${expected}.`,
    {
      hint: 'The file was damaged or exchanged. Restore it, or make the metadata again, then publish again.',
    },
  )
}

function tooLarge(path: string, limit: number): UserError {
  return new UserError('DNF_METADATA_TOO_LARGE', `"${path}" is larger than ${limit} bytes.`, {
    hint: 'Hawser does not read metadata of this size; split the repository.',
  })
}

export interface RenderedIndex {
  readonly upload: Upload
  readonly record: string
}

/** One index from its packages, under a name that holds its checksum. */
export async function renderIndex(
  kind: IndexKind,
  content: {
    readonly rootAttributes: Readonly<Record<string, string>>
    readonly fragments: readonly string[]
    readonly compression: CompressionKind
    readonly timestamp: number
  },
): Promise<RenderedIndex> {
  const { compression } = content
  const open = { hash: createHash('sha256'), sizeBytes: 0 }
  const packed: Uint8Array[] = []
  const options = { level: levels[compression], frames: 'independent' } as const
  const text = batches(textOf(kind, content.rootAttributes, content.fragments), open)
  for await (const chunk of compress(text, compression, options)) packed.push(chunk)
  const bytes = Buffer.concat(packed)
  const checksum = createHash('sha256').update(bytes).digest('hex')
  const path = `repodata/${checksum}-${kind}.xml${compressions[compression].extension}`
  const record = renderRecord({
    type: kind,
    checksum: { type: 'sha256', value: checksum },
    openChecksum: { type: 'sha256', value: open.hash.digest('hex') },
    path,
    timestamp: content.timestamp,
    sizeBytes: bytes.length,
    openSizeBytes: open.sizeBytes,
  })
  const contentType = contentTypes[compression]
  return { upload: { path, body: bytes, contentType, caching: 'immutable' }, record }
}

// Speed counts on every publish, size on every download: these are the knees of the curves.
const levels: Record<CompressionKind, number> = { gzip: 6, xz: 6, zstd: 10, none: 0 }

const contentTypes: Record<CompressionKind, string> = {
  gzip: 'application/gzip',
  xz: 'application/x-xz',
  zstd: 'application/zstd',
  none: 'application/xml',
}

function* textOf(
  kind: IndexKind,
  rootAttributes: Readonly<Record<string, string>>,
  fragments: readonly string[],
): Generator<string> {
  const { root, namespaces }: IndexShape = indexShapes[kind]
  const attributes = xmlAttributes({ ...namespaces, ...rootAttributes, packages: fragments.length })
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attributes}>\n`
  for (const fragment of fragments) yield `${fragment}\n`
  yield `</${root}>\n`
}

const batchCharacters = 1 << 18

async function* batches(
  texts: Iterable<string>,
  open: { readonly hash: ReturnType<typeof createHash>; sizeBytes: number },
): ByteStream {
  let batch = ''
  const encode = (text: string): Uint8Array => {
    const bytes = Buffer.from(text, 'utf8')
    open.hash.update(bytes)
    open.sizeBytes += bytes.length
    return bytes
  }
  for (const text of texts) {
    batch += text
    if (batch.length < batchCharacters) continue
    yield encode(batch)
    batch = ''
  }
  yield encode(batch)
}
