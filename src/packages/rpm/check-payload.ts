import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { ByteStream, CompressionKind } from '../../archive/compression.ts'
import { CpioError, type CpioMember, readCpio } from '../../archive/cpio.ts'
import { decompress, detectCompression } from '../../archive/decompress.ts'
import { UserError } from '../../errors.ts'
import { fileFlags, fileTypes, type RpmFileEntry } from './file-list.ts'
import { Meter } from './meter.ts'
import type { RpmFile } from './read.ts'

/** Gets the bytes of a regular file, and reads them to the end. Of hard links, the last one brings the bytes. */
export type ReceiveFile = (file: RpmFileEntry, body: ByteStream) => Promise<void>

/**
 * Unpacks the payload, into nothing unless somebody receives it, and compares every file in it with the header's list:
 * no more, no less, no other.
 */
export async function checkPayload(path: string, rpm: RpmFile, receive?: ReceiveFile): Promise<void> {
  const compression = await compressionOf(path, rpm)
  const input = createReadStream(path, { start: rpm.headerRange.end })
  const archive = new Meter()
  // The list says how much may come, so a ratio adds nothing: sparse images reach zstd's best.
  const limits = { sizeBytesMax: archiveBytesMax(rpm), ratioMax: Number.POSITIVE_INFINITY }
  const plain = archive.measure(decompress(input, compression, limits))
  try {
    await checkMembers(plain, rpm, receive)
  } catch (error) {
    if (!(error instanceof CpioError)) throw error
    throw brokenPayload(`at offset ${error.offset} of the archive, ${error.message}.`, error)
  } finally {
    input.destroy()
  }
  const declared = rpm.header.text('payloadDigestAlt')
  if (declared !== undefined && declared !== archive.hexDigest()) {
    throw brokenPayload(
      `it unpacks to the digest ${archive.hexDigest()}, and the header declares ${declared}.`,
    )
  }
}

const compressors: { readonly [name: string]: CompressionKind } = { gzip: 'gzip', xz: 'xz', zstd: 'zstd' }

async function compressionOf(path: string, rpm: RpmFile): Promise<CompressionKind> {
  const name = rpm.header.text('payloadCompressor')
  // rpmbuild names no compressor for plain payloads, and old ones named none for gzip; rpm looks, too.
  if (name === undefined) return detectCompression(await firstBytes(path, rpm.headerRange.end))
  const kind = Object.hasOwn(compressors, name) ? compressors[name] : undefined
  if (kind !== undefined) return kind
  throw new UserError('RPM_COMPRESSOR_UNKNOWN', `The payload is compressed with ${quoted(name)}.`, {
    hint: `Hawser reads ${Object.keys(compressors).join(', ')} and payloads that are not compressed.`,
  })
}

async function firstBytes(path: string, start: number): Promise<Uint8Array> {
  const pieces = await createReadStream(path, { start, end: start + 7 }).toArray()
  return Buffer.concat(pieces)
}

// A cpio header with the longest name and all padding.
const memberBytesMax = 110 + 4096 + 8

/** What the header's list can fill at most, so that no payload unpacks to more than it admits. */
function archiveBytesMax({ files }: RpmFile): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes + memberBytesMax, memberBytesMax + 512)
}

async function checkMembers(
  plain: ByteStream,
  rpm: RpmFile,
  receive: ReceiveFile = async (_file, body) => {
    for await (const _piece of body);
  },
): Promise<void> {
  const list = new ExpectedFiles(rpm.files)
  const algorithm = digestAlgorithm(rpm)
  for await (const member of readCpio(plain, (index) => list.sizeAt(index))) {
    const file = list.take(member)
    const type = file.mode & fileTypes.mask
    const isLink = type === fileTypes.symlink
    const isWhole = type === fileTypes.file && member.sizeBytes === file.sizeBytes
    const found = isLink
      ? await linkText(member)
      : await digestOfMember(member, algorithm, isWhole ? (body) => receive(file, body) : undefined)
    if (isLink && found !== file.linkTarget) {
      throw brokenPayload(
        `${quoted(file.path)} points to ${quoted(found)}, and the header says ${quoted(file.linkTarget)}.`,
      )
    }
    if (!isLink && file.digest !== '' && member.sizeBytes === file.sizeBytes && found !== file.digest) {
      throw brokenPayload(
        `${quoted(file.path)} has the digest ${found}, and the header declares ${file.digest}.`,
      )
    }
  }
  const missing = list.missing()
  if (missing !== undefined)
    throw brokenPayload(`${quoted(missing.path)} is in the header and not in the payload.`)
}

// RFC 9580, 9.5, which rpm uses for its numbers, too.
const algorithms: { readonly [number: number]: string } = {
  1: 'md5',
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
}

function digestAlgorithm(rpm: RpmFile): string {
  const number = rpm.header.number('fileDigestAlgo') ?? 1
  const algorithm = algorithms[number]
  if (algorithm === undefined)
    throw brokenPayload(`its files have digests of the unknown algorithm ${number}.`)
  return algorithm
}

const linkBytesMax = 4096

async function linkText(member: CpioMember): Promise<string> {
  if (member.sizeBytes > linkBytesMax) {
    throw brokenPayload(`a symbolic link claims a target of ${member.sizeBytes} bytes.`)
  }
  const text: Uint8Array[] = []
  for await (const piece of member.body) text.push(piece)
  return Buffer.concat(text).toString()
}

async function digestOfMember(
  { body }: CpioMember,
  algorithm: string,
  receive: ((body: ByteStream) => Promise<void>) | undefined,
): Promise<string> {
  const hash = createHash(algorithm)
  async function* hashed(): ByteStream {
    for await (const piece of body) {
      hash.update(piece)
      yield piece
    }
  }
  if (receive !== undefined) await receive(hashed())
  else for await (const _piece of hashed());
  return hash.digest('hex')
}

/** The files that the header promises, ticked off as they come. */
class ExpectedFiles {
  readonly #files: readonly RpmFileEntry[]
  readonly #byPath: Map<string, RpmFileEntry>
  readonly #seen = new Set<string>()
  /** Of hard links, the last one carries the bytes. */
  readonly #lastOfInode = new Map<number, string>()

  constructor(files: readonly RpmFileEntry[]) {
    this.#files = files
    this.#byPath = new Map(files.map((file) => [file.path, file]))
    for (const file of files) {
      if (isShipped(file)) this.#lastOfInode.set(file.inode, file.path)
    }
  }

  sizeAt(index: number): number {
    const file = this.#files[index]
    if (file === undefined)
      throw brokenPayload(`it has the file number ${index}, and the header lists ${this.#files.length}.`)
    return this.#carriesBytes(file) ? file.sizeBytes : 0
  }

  take({ file: name, sizeBytes }: CpioMember): RpmFileEntry {
    const file = typeof name === 'number' ? this.#files[name] : this.#byPath.get(name.replace(/^\.?\/?/, '/'))
    if (file === undefined)
      throw brokenPayload(`it has ${quoted(String(name))}, which the header does not list.`)
    if (!isShipped(file) || this.#seen.has(file.path))
      throw brokenPayload(`it has ${quoted(file.path)} once too often.`)
    this.#seen.add(file.path)
    const expected = this.#carriesBytes(file) ? file.sizeBytes : 0
    if (sizeBytes !== expected) {
      throw brokenPayload(`${quoted(file.path)} has ${sizeBytes} bytes, and the header says ${expected}.`)
    }
    return file
  }

  missing(): RpmFileEntry | undefined {
    return this.#files.find((file) => isShipped(file) && !this.#seen.has(file.path))
  }

  #carriesBytes({ mode, inode, path }: RpmFileEntry): boolean {
    const type = mode & fileTypes.mask
    if (type === fileTypes.directory) return false
    return type !== fileTypes.file || this.#lastOfInode.get(inode) === path
  }
}

const isShipped = ({ flags }: RpmFileEntry) => (flags & fileFlags.ghost) === 0

/** Names from a package that is not trusted may carry line breaks and escape sequences. */
const quoted = (text: string): string => JSON.stringify(text)

function brokenPayload(what: string, cause?: unknown): UserError {
  return new UserError('RPM_PAYLOAD_BROKEN', `The payload is not what the header says: ${what}`, {
    hint: 'Do not install or publish this package. Fetch or build it again.',
    ...(cause === undefined ? {} : { cause }),
  })
}
