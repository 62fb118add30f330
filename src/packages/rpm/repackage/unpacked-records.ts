import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../../../errors.ts'
import { type Digest, hexOf } from '../../../lib/digest.ts'
import { checkPayload } from '../check-payload.ts'
import type { ContentRecord } from '../content.ts'
import { fileFlags, fileTypes, type RpmFileEntry } from '../file-list.ts'
import { Meter } from '../meter.ts'
import { type Original, originalName } from './original.ts'

/** All files of the packages, unpacked into the folder, in the byte order of their paths. */
export async function unpackedRecords(
  originals: readonly Original[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<readonly ContentRecord[]> {
  const records = new Map<string, { readonly record: Unnumbered; readonly from: Original }>()
  for (const [index, original] of originals.entries()) {
    const found = await unpack(original, join(folder, `${index}-`), signal)
    for (const record of found) {
      const earlier = records.get(record.path)
      if (earlier === undefined) records.set(record.path, { record, from: original })
      else if (!isSame(earlier.record, record)) throw conflict(record.path, earlier.from, original)
    }
  }
  return [...records.values()]
    .map(({ record }) => ({ record, key: Buffer.from(record.path) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ record }, index) => ({ ...record, inode: index + 1 }))
}

type Unnumbered = Omit<ContentRecord, 'inode'>

interface Bytes {
  readonly file: string
  readonly digest: Digest
}

async function unpack(
  original: Original,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<readonly Unnumbered[]> {
  const { path, rpm } = original
  // Hard links share one: each becomes a file of its own.
  const bytesOf = new Map<number, Bytes>()
  await checkPayload(path, rpm, async ({ inode }, body) => {
    const file = `${prefix}${inode}`
    const meter = new Meter()
    await pipeline(Readable.from(meter.measure(body)), createWriteStream(file), { signal })
    bytesOf.set(inode, { file, digest: `sha256:${meter.hexDigest()}` })
  })
  const { header, files } = rpm
  const verifyFlags = header.numbers('fileVerifyFlags')
  const languages = header.texts('fileLangs')
  const capabilities = header.texts('fileCapabilities')
  return files.map((entry, index) => ({
    ...recordOf(entry, bytesOf.get(entry.inode), original),
    kept: {
      mtime: entry.mtime,
      verifyFlags: verifyFlags[index] ?? 0xffff_ffff,
      language: languages[index] ?? '',
      capabilities: capabilities[index] ?? '',
    },
  }))
}

function recordOf(entry: RpmFileEntry, bytes: Bytes | undefined, original: Original): Unnumbered {
  const { path, mode, flags, owner, group, linkTarget } = entry
  const isInPayload = (flags & fileFlags.ghost) === 0
  const common = { path, mode, flags, owner, group, linkTarget, isInPayload, digest: '', source: undefined }
  switch (mode & fileTypes.mask) {
    case fileTypes.directory:
      return { ...common, sizeBytes: 0 }
    case fileTypes.symlink:
      return { ...common, sizeBytes: Buffer.byteLength(linkTarget) }
    case fileTypes.file: {
      if (!isInPayload) return { ...common, sizeBytes: entry.sizeBytes }
      if (bytes === undefined) throw new Error(`checkPayload has passed ${path} without its bytes`)
      return { ...common, sizeBytes: entry.sizeBytes, digest: hexOf(bytes.digest), source: bytes }
    }
  }
  throw new UserError(
    'RPM_FILE_TYPE',
    `"${path}" in ${originalName(original)} is neither a file, a directory nor a symbolic link.`,
    { hint: 'Hawser does not handle packages with devices, sockets or pipes.' },
  )
}

/** Folders and files that are the same in both are no quarrel, whenever they were made. */
const isSame = (a: Unnumbered, b: Unnumbered): boolean =>
  (['mode', 'owner', 'group', 'digest', 'linkTarget', 'flags'] as const).every((key) => a[key] === b[key])

const conflict = (path: string, first: Original, second: Original): UserError =>
  new UserError(
    'REPACKAGE_CONFLICT',
    `${originalName(first)} and ${originalName(second)} both have ${path}, and not the same.`,
    { hint: 'Such packages cannot be installed together, and not be joined. Make two packages of them.' },
  )
