import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../errors.ts'

export interface AtomicFileOptions {
  /** Permission bits whatever the umask says; 0644 when not given. */
  readonly mode?: number
  /** Where it is written first, on the same file system; beside the file when not given. */
  readonly draft?: string
}

/** Writes a file so that readers see the old bytes or the new ones, also after a power cut. The folder must exist. */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  options: AtomicFileOptions = {},
): Promise<void> {
  const temporary = options.draft ?? temporaryPathFor(path)
  try {
    const file = await open(temporary, 'wx', 0o600)
    await closing(file, async () => {
      await file.writeFile(data)
      await file.chmod(options.mode ?? 0o644)
      await file.sync()
    })
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await removeQuietly(temporary)
    throw fileSystemError(error, 'write', path)
  }
}

/** A name beside `path`, so that the rename stays on one file system; hidden, so that globs do not see it. */
export function temporaryPathFor(path: string): string {
  return join(dirname(path), `.hawser-${randomBytes(8).toString('hex')}.tmp`)
}

/** Makes a rename in the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await closing(folder, async () => {
    try {
      await folder.sync()
    } catch (error) {
      // Some network and FUSE file systems cannot sync a folder; the rename itself has succeeded.
      if (!unsyncable.has(codeOf(error) ?? '')) throw error
    }
  })
}

const unsyncable = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR', 'EPERM', 'EBADF'])

/**
 * Makes a folder and those above it. Not mkdir's own `recursive`: on a read-only disk that says ENOENT, which would
 * send the reader the wrong way.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeWithParents(path)
  } catch (error) {
    throw fileSystemError(error, 'create the folder', path)
  }
}

/** The same, recorded on the disk when it returns, and with the system's own errors, for callers with words of their own. */
export async function makeFolderDurably(path: string): Promise<void> {
  await makeWithParents(path, syncFolder)
}

async function makeWithParents(
  path: string,
  made: (parent: string) => Promise<void> = async () => undefined,
): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && dirname(path) !== path) {
      await makeWithParents(dirname(path), made)
      return makeWithParents(path, made)
    }
    if (await isFolder(path)) return
    throw error
  }
  await made(dirname(path))
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Whatever hinders the look hindered the making too, and that error is the one to tell.
    return false
  }
}

/** Runs `use` and closes the file; a failure to close counts too, since some file systems report a full disk there. */
export async function closing<Result>(file: FileHandle, use: () => Promise<Result>): Promise<Result> {
  let result: Result
  try {
    result = await use()
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
  await file.close()
  return result
}

/** Removes what a failed write left; the failure itself is the news, so a second one is not reported. */
export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true, recursive: true }).catch(() => undefined)
}

/**
 * What the reader can repair becomes a UserError that names the path; everything else is returned as it came.
 * `doing` is a verb: "write", "read", "create the folder".
 */
export function fileSystemError(error: unknown, doing: string, path: string): unknown {
  const problem = problems[codeOf(error) ?? '']
  if (problem === undefined || error instanceof UserError) return error
  return new UserError(problem.code, `Cannot ${doing} "${path}": ${problem.what}.`, {
    hint: problem.hint,
    cause: error,
  })
}

/** The system's code of an error, for example `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

interface Problem {
  readonly code: string
  readonly what: string
  readonly hint: string
}

const forbidden: Problem = {
  code: 'FILE_FORBIDDEN',
  what: 'permission was denied',
  hint: 'Give the user that runs hawser access to this path, or choose another folder.',
}

const problems: { readonly [systemCode: string]: Problem } = {
  ENOSPC: {
    code: 'FILE_DISK_FULL',
    what: 'the disk is full',
    hint: 'Free some space and run the command again; finished work is kept.',
  },
  EDQUOT: {
    code: 'FILE_QUOTA_EXCEEDED',
    what: 'the disk quota is used up',
    hint: 'Free some space or have the quota raised, and run the command again; finished work is kept.',
  },
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: {
    code: 'FILE_READ_ONLY',
    what: 'the file system is read-only',
    hint: 'Mount it writable, or work in a folder that can be written.',
  },
  EISDIR: {
    code: 'FILE_IS_FOLDER',
    what: 'it is a folder, but a file is needed there',
    hint: 'Move the folder away, or name a file.',
  },
  ENOTDIR: {
    code: 'FILE_NOT_FOLDER',
    what: 'a part of the path is a file, not a folder',
    hint: 'Move that file away, or correct the path.',
  },
  ENOENT: {
    code: 'FILE_NOT_FOUND',
    what: 'it, or the folder it is in, does not exist',
    hint: 'Check the spelling, and whether an earlier step should have made it.',
  },
  ELOOP: {
    code: 'FILE_LINK_LOOP',
    what: 'its symbolic links lead in a circle',
    hint: 'Remove or correct the links.',
  },
  ENAMETOOLONG: {
    code: 'FILE_NAME_TOO_LONG',
    what: 'the name is longer than the file system allows',
    hint: 'Choose a shorter name or folder.',
  },
  EFBIG: {
    code: 'FILE_TOO_LARGE',
    what: 'the file would be larger than the file system or the limit of the process allows',
    hint: 'Raise the limit (ulimit -f), or use another file system.',
  },
  EMFILE: {
    code: 'FILE_TOO_MANY_OPEN',
    what: 'the process has too many open files',
    hint: 'Raise the limit, for example with: ulimit -n 4096.',
  },
  ENFILE: {
    code: 'FILE_TOO_MANY_OPEN',
    what: 'the system has too many open files',
    hint: 'Close other programs, or raise the limit fs.file-max.',
  },
  EIO: {
    code: 'FILE_DEVICE_ERROR',
    what: 'the device reported an error',
    hint: 'Check the disk and the mount; the system log says more.',
  },
}
