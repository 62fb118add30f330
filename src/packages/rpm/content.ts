import type { Digest } from '../../lib/digest.ts'
import { hexOf } from '../../lib/digest.ts'
import type { ContentEntry, PackageSpec } from '../package-spec.ts'
import type { TagValues } from './encode-header.ts'
import { fileFlags, fileTypes } from './file-list.ts'
import type { HeaderTag } from './tags.ts'

/** One entry of the file list that is to be written. */
export interface ContentRecord {
  readonly path: string
  /** From 1, in the order of the header. */
  readonly inode: number
  /** With the type bits. */
  readonly mode: number
  readonly sizeBytes: number
  /** Hex, or empty. */
  readonly digest: string
  readonly linkTarget: string
  readonly flags: number
  readonly owner: string
  readonly group: string
  /** Where the payload gets the bytes: a regular file only. */
  readonly source: { readonly file: string; readonly digest: Digest } | undefined
  /** Ghosts are in the header and not in the payload. */
  readonly isInPayload: boolean
  /** Of a package that somebody else built. */
  readonly kept?: KeptAttributes
}

/** What our own packages have the same value of for all files. */
export interface KeptAttributes {
  readonly mtime: number
  readonly verifyFlags: number
  readonly language: string
  /** As cap_to_text(3) writes it, or empty. */
  readonly capabilities: string
}

/** In the byte order of the paths, as rpmbuild sorts them. */
export function contentRecords(spec: PackageSpec): readonly ContentRecord[] {
  return spec.contents
    .map((entry) => ({ entry, key: Buffer.from(entry.path) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ entry }, index) => recordOf(entry, index + 1))
}

const roleFlags = {
  plain: 0,
  config: fileFlags.config,
  'config-noreplace': fileFlags.config | fileFlags.noReplace,
  'config-missingok': fileFlags.config | fileFlags.missingOk,
  doc: fileFlags.doc,
  license: fileFlags.license,
} as const

function recordOf(entry: ContentEntry, inode: number): ContentRecord {
  const { path, owner, group } = entry
  const common = {
    path,
    inode,
    owner,
    group,
    sizeBytes: 0,
    digest: '',
    linkTarget: '',
    flags: 0,
    source: undefined,
  }
  switch (entry.type) {
    case 'file':
      return {
        ...common,
        mode: fileTypes.file | entry.mode,
        sizeBytes: entry.sizeBytes,
        digest: hexOf(entry.digest),
        flags: roleFlags[entry.role],
        source: { file: entry.source, digest: entry.digest },
        isInPayload: true,
      }
    case 'directory':
      return { ...common, mode: fileTypes.directory | entry.mode, isInPayload: true }
    case 'symlink': {
      const sizeBytes = Buffer.byteLength(entry.target)
      return {
        ...common,
        mode: fileTypes.symlink | 0o777,
        sizeBytes,
        linkTarget: entry.target,
        isInPayload: true,
      }
    }
    case 'ghost':
      return { ...common, mode: fileTypes.file | entry.mode, flags: fileFlags.ghost, isInPayload: false }
  }
}

/** The largest size that the 32-bit fields of the header and of cpio can say. */
export const smallSizeMax = 0xffff_ffff

export const hasLargeFiles = (records: readonly ContentRecord[]): boolean =>
  records.some(({ sizeBytes }) => sizeBytes > smallSizeMax)

export const installedBytes = (records: readonly ContentRecord[]): number =>
  records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)

const verifyAll = 0xffff_ffff
// A ghost's content is made at run time: digest (1), size (2), link target (4) and time (32) are not its package's matter.
const verifyGhost = 0xffff_ffd8
const sha256Algorithm = 8

/** The file list as parallel arrays; `colors` are those of the ELF files, by inode. */
export function contentTags(
  records: readonly ContentRecord[],
  { epoch, colors }: { epoch: number; colors: ReadonlyMap<number, number> },
): TagValues<HeaderTag> {
  const sizes = records.map(({ sizeBytes }) => sizeBytes)
  const total = installedBytes(records)
  const sizeTags: TagValues<HeaderTag> = hasLargeFiles(records)
    ? { longFileSizes: sizes }
    : { fileSizes: sizes }
  const totalTags: TagValues<HeaderTag> = total > smallSizeMax ? { longSize: [total] } : { size: [total] }
  if (records.length === 0) return totalTags
  return {
    ...totalTags,
    ...sizeTags,
    ...directoryTags(records),
    fileModes: records.map(({ mode }) => mode),
    fileRdevs: records.map(() => 0),
    fileMtimes: records.map(({ kept }) => kept?.mtime ?? epoch),
    fileDigests: records.map(({ digest }) => digest),
    fileLinkTos: records.map(({ linkTarget }) => linkTarget),
    fileFlags: records.map(({ flags }) => flags),
    fileUserName: records.map(({ owner }) => owner),
    fileGroupName: records.map(({ group }) => group),
    fileVerifyFlags: records.map(
      ({ kept, isInPayload }) => kept?.verifyFlags ?? (isInPayload ? verifyAll : verifyGhost),
    ),
    fileDevices: records.map(() => 1),
    fileInodes: records.map(({ inode }) => inode),
    fileLangs: records.map(({ kept }) => kept?.language ?? ''),
    fileCapabilities: records.some(hasCapabilities)
      ? records.map(({ kept }) => kept?.capabilities ?? '')
      : undefined,
    fileColors: records.map(({ inode }) => colors.get(inode) ?? 0),
    fileDigestAlgo: [sha256Algorithm],
  }
}

const hasCapabilities = ({ kept }: ContentRecord): boolean => (kept?.capabilities ?? '') !== ''

function directoryTags(records: readonly ContentRecord[]): TagValues<HeaderTag> {
  const dirNames = new Map<string, number>()
  const dirIndexes: number[] = []
  const baseNames: string[] = []
  for (const { path } of records) {
    const cut = path.lastIndexOf('/') + 1
    const dirName = path.slice(0, cut)
    const index = dirNames.get(dirName) ?? dirNames.size
    dirNames.set(dirName, index)
    dirIndexes.push(index)
    baseNames.push(path.slice(cut))
  }
  return { dirIndexes, baseNames, dirNames: [...dirNames.keys()] }
}
