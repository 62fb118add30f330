import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { closing } from '../../lib/atomic-file.ts'
import type { Digest } from '../../lib/digest.ts'
import { type DependencyKind, decodeDependencies, type RpmDependency } from './dependency.ts'
import { decodeFileList, type RpmFileEntry } from './file-list.ts'
import { decodeHeader, decodePreamble, type HeaderPlace, preambleBytes, type RawHeader } from './header.ts'
import { type HeaderValues, headerValues } from './header-values.ts'
import { decodeLead, leadBytes } from './lead.ts'
import { type HeaderTag, headerTags, type SignatureTag, signatureTags } from './tags.ts'

/** Everything that a package file says of itself; its digests have been checked against its bytes. */
export interface RpmFile {
  readonly header: HeaderValues<HeaderTag>
  readonly signature: HeaderValues<SignatureTag>
  /** Offsets of the main header in the file, end exclusive: what repodata calls header-range. */
  readonly headerRange: { readonly start: number; readonly end: number }
  readonly isSource: boolean
  readonly files: readonly RpmFileEntry[]
  readonly dependencies: { readonly [kind in DependencyKind]: readonly RpmDependency[] }
  /** Newest first, as in the header. */
  readonly changelog: readonly RpmChangelogEntry[]
  /** What the installed files occupy, as the package says. */
  readonly installedBytes: number
  /** The uncompressed payload, as the package says. */
  readonly archiveBytes: number
  /** The package file itself. */
  readonly sizeBytes: number
  readonly digest: Digest
}

export interface RpmChangelogEntry {
  readonly author: string
  readonly date: number
  readonly text: string
}

/**
 * Reads lead, signature header and main header, and the whole file once for its digest. Refuses headers that lie
 * about themselves, and a header or payload that differs from the digest that the package carries.
 */
export async function readRpmHeader(path: string, signal?: AbortSignal): Promise<RpmFile> {
  const handle = await openPackage(path)
  return closing(handle, async () => {
    const { size } = await handle.stat()
    const whole = size <= atOnceBytesMax ? await readAt({ handle, size }, 0, size) : undefined
    return readFrom({ handle, size, whole }, signal)
  })
}

/** Most packages are small: one read, and no buffer that is larger than they are. */
const atOnceBytesMax = 1 << 20

interface OpenFile {
  readonly handle: FileHandle
  /** Bytes. */
  readonly size: number
  readonly whole?: Buffer | undefined
}

async function openPackage(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw new UserError('RPM_UNREADABLE', `The package file ${path} cannot be opened.`, {
      hint: 'Check that the file exists and that you may read it.',
      cause: error,
    })
  }
}

async function readFrom(file: OpenFile, signal: AbortSignal | undefined): Promise<RpmFile> {
  const lead = decodeLead(await readAt(file, 0, leadBytes))
  const rawSignature = await readHeader(file, { name: 'signature header', offset: leadBytes, regionTag: 62 })
  // The signature header is padded to 8 bytes; the main header is not.
  const start = leadBytes + Math.ceil(rawSignature.bytes.length / 8) * 8
  const raw = await readHeader(file, { name: 'main header', offset: start, regionTag: 63 })
  const header = headerValues(raw, headerTags)
  const signature = headerValues(rawSignature, signatureTags)
  const end = start + raw.bytes.length
  checkHeaderDigest(raw, signature)
  const { digest, sizeBytes } = await digestFrom(file, { header, payloadStart: end, signal })
  return {
    header,
    signature,
    headerRange: { start, end },
    isSource: lead.type === 'source' || header.has('sourcePackage'),
    files: decodeFileList(header),
    dependencies: decodeAllDependencies(header),
    changelog: decodeChangelog(header),
    installedBytes: header.number('longSize') ?? header.number('size') ?? 0,
    archiveBytes: signature.number('longArchiveSize') ?? signature.number('payloadSize') ?? 0,
    sizeBytes,
    digest,
  }
}

async function readAt({ handle, whole }: OpenFile, offset: number, length: number): Promise<Buffer> {
  if (whole !== undefined) return whole.subarray(offset, offset + length)
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

async function readHeader(file: OpenFile, place: HeaderPlace): Promise<RawHeader> {
  const { totalBytes } = decodePreamble(await readAt(file, place.offset, preambleBytes), place)
  // Read no more than there is: a lie about the length must not cost its memory.
  const length = Math.min(totalBytes, file.size - place.offset)
  return decodeHeader(await readAt(file, place.offset, length), place)
}

function checkHeaderDigest(raw: RawHeader, signature: HeaderValues<SignatureTag>): void {
  for (const [tag, algorithm] of [
    ['sha256Header', 'sha256'],
    ['sha1Header', 'sha1'],
  ] as const) {
    const declared = signature.text(tag)
    if (declared === undefined) continue
    const found = createHash(algorithm).update(raw.bytes).digest('hex')
    if (declared !== found) throw digestMismatch('main header', declared, found)
  }
}

interface DigestContext {
  readonly header: HeaderValues<HeaderTag>
  readonly payloadStart: number
  readonly signal: AbortSignal | undefined
}

const sha256Algorithm = 8

async function digestFrom(
  file: OpenFile,
  { header, payloadStart, signal }: DigestContext,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const whole = createHash('sha256')
  const payload = createHash('sha256')
  let sizeBytes = 0
  for (;;) {
    signal?.throwIfAborted()
    const piece = await readAt(file, sizeBytes, atOnceBytesMax)
    if (piece.length === 0) break
    whole.update(piece)
    payload.update(piece.subarray(Math.min(Math.max(payloadStart - sizeBytes, 0), piece.length)))
    sizeBytes += piece.length
  }
  const declared = header.text('payloadDigest')
  const found = payload.digest('hex')
  // rpm 6 may declare other algorithms as well; SHA-256 is the one in 5092.
  const isSha256 = (header.number('payloadDigestAlgo') ?? sha256Algorithm) === sha256Algorithm
  if (declared !== undefined && isSha256 && declared !== found)
    throw digestMismatch('payload', declared, found)
  return { digest: `sha256:${whole.digest('hex')}`, sizeBytes }
}

function digestMismatch(part: string, declared: string, found: string): UserError {
  return new UserError(
    'RPM_DIGEST_MISMATCH',
    `The ${part} has the digest ${found}, and the package declares ${declared}.`,
    { hint: 'The file was damaged or changed after it was built. Fetch or build it again.' },
  )
}

function decodeAllDependencies(header: HeaderValues<HeaderTag>): RpmFile['dependencies'] {
  const of = (kind: DependencyKind) => decodeDependencies(header, kind)
  return {
    provides: of('provides'),
    requires: of('requires'),
    conflicts: of('conflicts'),
    obsoletes: of('obsoletes'),
    recommends: of('recommends'),
    suggests: of('suggests'),
    supplements: of('supplements'),
    enhances: of('enhances'),
    orders: of('orders'),
  }
}

function decodeChangelog(header: HeaderValues<HeaderTag>): readonly RpmChangelogEntry[] {
  const authors = header.texts('changelogName')
  const dates = header.numbers('changelogTime')
  const texts = header.texts('changelogText')
  if (authors.length !== dates.length || authors.length !== texts.length) {
    throw new UserError(
      'RPM_CHANGELOG_BROKEN',
      `The changelog has ${authors.length} authors, ${dates.length} dates and ${texts.length} texts.`,
      { hint: 'Fetch or build the package again; this file is damaged or was made to mislead.' },
    )
  }
  return authors.map((author, index) => ({ author, date: dates[index] ?? 0, text: texts[index] ?? '' }))
}
