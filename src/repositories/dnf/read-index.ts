import { createHash } from 'node:crypto'
import type { ByteStream, CompressionKind } from '../../archive/compression.ts'
import { decompress, detectCompression } from '../../archive/decompress.ts'
import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { type IndexKind, type IndexShape, indexShapes } from './index-shapes.ts'
import type { Checksum, MetadataRecord } from './repomd.ts'
import { readXml, type XmlDocument } from './xml-elements.ts'

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
