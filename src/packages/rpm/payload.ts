import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { ByteStream } from '../../archive/compression.ts'
import { cpioPadding, encodeCpioEntry, encodeCpioTrailer, encodeStrippedEntry } from '../../archive/cpio.ts'
import { UserError } from '../../errors.ts'
import { fileSystemError } from '../../lib/atomic-file.ts'
import { type ContentRecord, hasLargeFiles } from './content.ts'

export interface PayloadContext {
  readonly epoch: number
  /** Filled while the files stream by: inode → color of the ELF files. */
  readonly colors: Map<number, number>
  readonly signal: AbortSignal | undefined
}

/** The cpio archive, in the order of the header; every source is compared with its declared size and digest. */
export async function* payloadOf(records: readonly ContentRecord[], context: PayloadContext): ByteStream {
  // As rpmbuild: one file over 4 GiB puts all entries into the form without sizes.
  const isStripped = hasLargeFiles(records)
  for (const [index, record] of records.entries()) {
    if (!record.isInPayload) continue
    yield isStripped ? encodeStrippedEntry(index) : encodeEntry(record, context.epoch)
    if (record.source !== undefined) yield* sourceBytes(record, record.source, context)
    else if (record.linkTarget !== '') yield Buffer.from(record.linkTarget)
    yield cpioPadding(record.sizeBytes)
  }
  yield encodeCpioTrailer()
}

function encodeEntry({ path, inode, mode, sizeBytes, kept }: ContentRecord, epoch: number): Uint8Array {
  // rpmlib(PayloadFilesHavePrefix): names begin with a dot.
  return encodeCpioEntry({ name: `.${path}`, inode, mode, mtime: kept?.mtime ?? epoch, sizeBytes })
}

// Larger pieces are no faster, and leave more behind before memory is collected (200 MB: +25 MiB, with 1 MiB +75).
const readBytes = 1 << 16

async function* sourceBytes(
  { path, inode, sizeBytes }: ContentRecord,
  { file, digest }: NonNullable<ContentRecord['source']>,
  { colors, signal }: PayloadContext,
): ByteStream {
  const hash = createHash('sha256')
  let foundBytes = 0
  for await (const piece of readSource(file)) {
    signal?.throwIfAborted()
    if (foundBytes === 0) colors.set(inode, elfColor(piece))
    foundBytes += piece.length
    // The entry's header has gone out with the declared size; nothing may follow that does not fit it.
    if (foundBytes > sizeBytes) break
    hash.update(piece)
    yield piece
  }
  if (foundBytes !== sizeBytes || `sha256:${hash.digest('hex')}` !== digest) throw sourceChanged(file, path)
}

async function* readSource(file: string): ByteStream {
  try {
    yield* createReadStream(file, { highWaterMark: readBytes })
  } catch (error) {
    throw fileSystemError(error, 'read', file)
  }
}

function sourceChanged(file: string, path: string): UserError {
  return new UserError(
    'SOURCE_CHANGED',
    `The file "${file}" for ${path} has changed since the release was planned.`,
    {
      hint: 'Start again when nothing else writes to the file.',
    },
  )
}

/** rpm's file colors: 1 for 32-bit ELF, 2 for 64-bit ELF, so that multilib systems prefer the right one. */
function elfColor(firstBytes: Uint8Array): number {
  const isElf =
    firstBytes[0] === 0x7f && firstBytes[1] === 0x45 && firstBytes[2] === 0x4c && firstBytes[3] === 0x46
  const fileClass = firstBytes[4] ?? 0
  return isElf && (fileClass === 1 || fileClass === 2) ? fileClass : 0
}
