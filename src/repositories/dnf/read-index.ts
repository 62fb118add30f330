import { createHash } from 'node:crypto'
import type { ByteStream, CompressionKind } from '../../archive/compression.ts'
import { decompress, detectCompression } from '../../archive/decompress.ts'
import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { type DocumentShape, documentShapes, type IndexKind } from './index-shapes.ts'
import type { Checksum, MetadataRecord } from './repomd.ts'
import { openXml, type XmlStream } from './xml-elements.ts'

// Fedora's whole filelists are 0.7 GB unpacked.
const openSizeMax = 4 * 1024 ** 3
const sizeMax = 1024 ** 3

/** Opens one index. Its checksums are checked by the time its elements end, so nothing may be believed before. */
export async function openDocument(
  storage: Storage,
  kind: IndexKind,
  record: MetadataRecord,
  signal?: AbortSignal,
): Promise<XmlStream> {
  const shape: DocumentShape = documentShapes[kind]
  const blaming = async (error: unknown): Promise<never> => {
    // Damage makes any kind of error; the reader should hear of the damage.
    if (error instanceof UserError && error.code !== 'DNF_CHECKSUM_WRONG') {
      await checkMetadata(storage, record, signal)
    }
    throw error
  }
  const packed = await openMetadata(storage, record, signal)
  const opened = await openXml(checkedOpen(unpacked(packed, record), record), {
    where: record.path,
    root: shape.root,
    namespace: shape.namespaces.xmlns,
    parts: shape.parts,
  }).catch(blaming)
  return { ...opened, elements: guarded(opened.elements, blaming) }
}

async function* guarded<Item>(
  items: AsyncIterable<Item>,
  onError: (error: unknown) => Promise<never>,
): AsyncGenerator<Item> {
  try {
    yield* items
  } catch (error) {
    await onError(error)
  }
}

/** Reads the stored file of a record to its end, to see whether it is what repomd.xml says. */
export async function checkMetadata(
  storage: Storage,
  record: MetadataRecord,
  signal?: AbortSignal,
): Promise<void> {
  const stream = await openMetadata(storage, record, signal)
  for await (const _ of stream) signal?.throwIfAborted()
}

/** The stored bytes of a record; ends with an error when they are not what repomd.xml says. */
async function openMetadata(
  storage: Storage,
  record: MetadataRecord,
  signal: AbortSignal | undefined,
): Promise<ByteStream> {
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
  return checked(object.body(), record.checksum, record.path, `"${record.path}"`)
}

const checkedOpen = (stream: ByteStream, { openChecksum, path }: MetadataRecord): ByteStream =>
  openChecksum === undefined ? stream : checked(stream, openChecksum, path, `"${path}", unpacked,`)

async function* checked(stream: ByteStream, checksum: Checksum, path: string, subject: string): ByteStream {
  const hash = createHash(nodeAlgorithm(checksum, path))
  for await (const chunk of stream) {
    hash.update(chunk)
    yield chunk
  }
  const found = hash.digest('hex')
  if (found === checksum.value) return
  throw new UserError(
    'DNF_CHECKSUM_WRONG',
    `${subject} has the checksum ${found}; repomd.xml says ${checksum.value}.`,
    {
      hint: 'The file was damaged or exchanged. Restore it, or make the metadata again, then publish again.',
    },
  )
}

async function* unpacked(packed: ByteStream, record: MetadataRecord): ByteStream {
  const { first, stream } = await peek(packed)
  // A file that is right in its checksum but not in its size or compression was written so by somebody.
  const sizeBytesMax = Math.min(record.openSizeBytes ?? openSizeMax, openSizeMax)
  try {
    yield* decompress(stream, compressionOf(first, record.path), { sizeBytesMax })
  } catch (cause) {
    if (!(cause instanceof UserError) || !cause.code.startsWith('ARCHIVE_')) throw cause
    throw new UserError('DNF_METADATA_UNPACK', `"${record.path}" cannot be unpacked: ${cause.message}`, {
      hint: 'Its checksum is right, so it was stored like this. Make the metadata again, then publish again.',
      cause,
    })
  }
}

/** The first bytes of a stream, and the whole stream. */
async function peek(
  source: ByteStream,
): Promise<{ readonly first: Uint8Array; readonly stream: ByteStream }> {
  const iterator = source[Symbol.asyncIterator]()
  const { value, done } = await iterator.next()
  const first = done === true ? new Uint8Array(0) : value
  async function* whole(): ByteStream {
    yield first
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { first, stream: whole() }
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

function tooLarge(path: string, limit: number): UserError {
  return new UserError('DNF_METADATA_TOO_LARGE', `"${path}" is larger than ${limit} bytes.`, {
    hint: 'Hawser does not read metadata of this size; split the repository.',
  })
}
