import { UserError } from '../../errors.ts'
import type { HeaderValues } from './header-values.ts'
import type { HeaderTag } from './tags.ts'

/** Bits of tag 1037, rpm's rpmfiFlags. */
export const fileFlags = {
  config: 1 << 0,
  doc: 1 << 1,
  missingOk: 1 << 3,
  noReplace: 1 << 4,
  ghost: 1 << 6,
  license: 1 << 7,
} as const

/** The type bits of a mode, as stat(2) has them. */
export const fileTypes = { mask: 0o170000, file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const

/** One file as the main header lists it. */
export interface RpmFileEntry {
  /** Directory and base name joined. */
  readonly path: string
  /** With the type bits, as stat(2). */
  readonly mode: number
  readonly sizeBytes: number
  readonly mtime: number
  /** Hex, of the algorithm in tag 5011; empty for all but regular files. */
  readonly digest: string
  /** Empty for all but symbolic links. */
  readonly linkTarget: string
  /** See `fileFlags`. */
  readonly flags: number
  readonly owner: string
  readonly group: string
  readonly inode: number
}

/** Joins the parallel arrays of the header; every array must have as many values as there are base names. */
export function decodeFileList(header: HeaderValues<HeaderTag>): readonly RpmFileEntry[] {
  const baseNames = header.texts('baseNames')
  const dirNames = header.texts('dirNames')
  const column = columnsOf(header, baseNames.length)
  const dirIndexes = column.required('dirIndexes', header.numbers('dirIndexes'))
  const modes = column.required('fileModes', header.numbers('fileModes'))
  const sizeTag = header.has('longFileSizes') ? 'longFileSizes' : 'fileSizes'
  const sizes = column.required(sizeTag, header.numbers(sizeTag))
  const owners = column.required('fileUserName', header.texts('fileUserName'))
  const groups = column.required('fileGroupName', header.texts('fileGroupName'))
  const mtimes = column.optional('fileMtimes', header.numbers('fileMtimes'))
  const digests = column.optional('fileDigests', header.texts('fileDigests'))
  const linkTargets = column.optional('fileLinkTos', header.texts('fileLinkTos'))
  const flags = column.optional('fileFlags', header.numbers('fileFlags'))
  const inodes = column.optional('fileInodes', header.numbers('fileInodes'))
  return baseNames.map((baseName, index) => ({
    path: joinPath(dirNames, dirIndexes[index] ?? -1, baseName),
    mode: modes[index] ?? 0,
    sizeBytes: sizes[index] ?? 0,
    mtime: mtimes[index] ?? 0,
    digest: digests[index] ?? '',
    linkTarget: linkTargets[index] ?? '',
    flags: flags[index] ?? 0,
    owner: owners[index] ?? '',
    group: groups[index] ?? '',
    inode: inodes[index] ?? index + 1,
  }))
}

function columnsOf(header: HeaderValues<HeaderTag>, count: number) {
  const optional = <Value>(tag: HeaderTag, values: readonly Value[]): readonly Value[] => {
    if (!header.has(tag) || values.length === count) return values
    throw brokenFileList(`"${tag}" has ${values.length} values; the number of files is ${count}.`)
  }
  const required = <Value>(tag: HeaderTag, values: readonly Value[]): readonly Value[] => {
    if (count === 0 || header.has(tag)) return optional(tag, values)
    throw brokenFileList(`"${tag}" is missing.`)
  }
  return { optional, required }
}

function joinPath(dirNames: readonly string[], dirIndex: number, baseName: string): string {
  const dirName = dirNames[dirIndex]
  if (dirName === undefined) {
    throw brokenFileList(
      `${JSON.stringify(baseName)} is in directory number ${dirIndex + 1} of ${dirNames.length}.`,
    )
  }
  const path = dirName + baseName
  // Source packages have no directory; everything else must be absolute and stay where it says.
  const isPlain = !baseName.includes('/') && baseName !== '..' && baseName !== '.'
  const isInside = dirName === '' || (dirName.startsWith('/') && dirName.endsWith('/'))
  if (!isPlain || !isInside || path.split('/').includes('..')) {
    throw new UserError('RPM_PATH_UNSAFE', `The package has a file with the path ${JSON.stringify(path)}.`, {
      hint: 'No honest tool writes such a path. Do not install or publish this package.',
    })
  }
  return path
}

function brokenFileList(what: string): UserError {
  return new UserError('RPM_FILE_LIST_BROKEN', `The list of files in the main header is wrong: ${what}`, {
    hint: 'Fetch or build the package again; this file is damaged or was made to mislead.',
  })
}
