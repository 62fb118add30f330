import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { compress } from '../../archive/compress.ts'
import type { ByteStream } from '../../archive/compression.ts'
import {
  closing,
  fileSystemError,
  removeQuietly,
  syncFolder,
  temporaryPathFor,
} from '../../lib/atomic-file.ts'
import type { BuildContext } from '../package-format.ts'
import type { PackageCompression, PackageSpec } from '../package-spec.ts'
import { type ContentRecord, contentRecords } from './content.ts'
import { encodeLead } from './lead.ts'
import { mainHeader, type PayloadFacts } from './main-header.ts'
import { Meter } from './meter.ts'
import { payloadOf } from './payload.ts'
import { mainHeaderOffset, signatureHeader } from './signature.ts'
import { rpmVersion } from './version.ts'

export async function buildRpm(spec: PackageSpec, context: BuildContext): Promise<void> {
  const records = contentRecords(spec)
  const { name, epoch, compression } = spec
  const { version, release } = rpmVersion(spec.version)
  const header = (payload: PayloadFacts): Uint8Array => mainHeader(spec, records, payload)
  await writeRpm({ leadName: `${name}-${version}-${release}`, epoch, compression, records, header }, context)
}

/** What a package file is made of. */
export interface RpmParts {
  readonly leadName: string
  /** Seconds since 1970. */
  readonly epoch: number
  readonly compression: PackageCompression
  readonly records: readonly ContentRecord[]
  /** The main header; its length depends on none of the facts. */
  header(payload: PayloadFacts): Uint8Array
}

/**
 * Streams the payload to its final place behind the room for the headers, then writes the headers, which carry its
 * digests, and shows the file under its name when all of it is on the disk.
 */
export async function writeRpm(parts: RpmParts, context: BuildContext): Promise<void> {
  const temporary = temporaryPathFor(context.outputPath)
  try {
    const file = await open(temporary, 'wx', 0o644)
    await closing(file, async () => {
      await writePackage(parts, { file, context })
      // Whatever the umask: others read the package, too.
      await file.chmod(0o644)
      await file.sync()
    })
    await rename(temporary, context.outputPath)
    await syncFolder(dirname(context.outputPath))
  } catch (error) {
    await removeQuietly(temporary)
    throw fileSystemError(error, 'write', context.outputPath)
  }
}

interface Target {
  readonly file: FileHandle
  readonly context: BuildContext
}

async function writePackage(parts: RpmParts, { file, context }: Target): Promise<void> {
  const payload = await writePayload(parts, { file, context })
  const header = parts.header(payload)
  if (header.length !== payload.headerBytes)
    throw new Error('The length of the main header depends on the payload')
  const signature = await signatureHeader({
    mainHeader: header,
    payloadBytes: payload.payloadBytes,
    archiveBytes: payload.archiveBytes,
    epoch: parts.epoch,
    signer: context.signer,
  })
  await writeAt(
    file,
    Buffer.concat([encodeLead({ type: 'binary', name: parts.leadName }), signature, header]),
    0,
  )
}

interface WrittenPayload extends PayloadFacts {
  readonly headerBytes: number
  readonly payloadBytes: number
  readonly archiveBytes: number
}

// Small files and compressors give small pieces; the disk likes them together.
const writeBytes = 1 << 20

async function writePayload(
  { records, epoch, compression, header }: RpmParts,
  { file, context: { signal } }: Target,
): Promise<WrittenPayload> {
  const headerBytes = header(unknownPayload).length
  const colors = new Map<number, number>()
  const archive = new Meter()
  const payload = new Meter()
  const plain = archive.measure(payloadOf(records, { epoch, colors, signal }))
  const { kind, level } = compression
  // rpm would read several zstd frames too, but one frame whose workers look back over its whole window is smaller and
  // takes less time (200 MB of machine code at level 19: a fifth smaller).
  const compressed = compress(plain, kind, { level, frames: 'single' })
  let position = mainHeaderOffset + headerBytes
  for await (const pieces of batchesOf(payload.measure(compressed), writeBytes)) {
    position += await writeAllAt(file, pieces, position)
  }
  return {
    headerBytes,
    payloadBytes: payload.sizeBytes,
    archiveBytes: archive.sizeBytes,
    digest: payload.hexDigest(),
    archiveDigest: archive.hexDigest(),
    colors,
  }
}

/** Stands in for the facts of a payload that is not written yet: the same lengths. */
const unknownPayload: PayloadFacts = {
  digest: '0'.repeat(64),
  archiveDigest: '0'.repeat(64),
  colors: new Map(),
}

/** The pieces, without copying them, in groups of at least `sizeBytes`; the last group may be smaller. */
async function* batchesOf(input: ByteStream, sizeBytes: number): AsyncIterable<readonly Uint8Array[]> {
  let batch: Uint8Array[] = []
  let total = 0
  for await (const piece of input) {
    batch.push(piece)
    total += piece.length
    if (total < sizeBytes) continue
    yield batch
    batch = []
    total = 0
  }
  if (batch.length > 0) yield batch
}

async function writeAllAt(
  file: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<number> {
  const total = pieces.reduce((sum, { length }) => sum + length, 0)
  const { bytesWritten } = await file.writev(pieces, position)
  if (bytesWritten < total)
    await writeAt(file, Buffer.concat(pieces).subarray(bytesWritten), position + bytesWritten)
  return total
}

async function writeAt(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < data.length; ) {
    const { bytesWritten } = await file.write(data, written, data.length - written, position + written)
    written += bytesWritten
  }
}
