import { TransientError, UserError } from '../../errors.ts'

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Only these say "there is nothing": every other error means that we do not know. */
export const isAbsence = (error: unknown): boolean => {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'ENOTDIR'
}

/** The file system's error as the reader's: what to repair, or what to try again. Unknown errors stay as they are. */
export function storageError(error: unknown, action: 'read' | 'write', path: string): unknown {
  const errno = errnoOf(error)
  if (errno === undefined || error instanceof UserError || error instanceof TransientError) return error
  const repair = repairs[errno]
  if (repair !== undefined) {
    const { code, text, hint } = repair
    return new UserError(code, `Could not ${action} ${path}: ${text} (${errno}).`, { hint, cause: error })
  }
  if (transient.has(errno)) {
    return new TransientError(
      'STORAGE_IO',
      `Could not ${action} ${path}: the file system failed (${errno}).`,
      {
        hint: 'If it stays so, look at the disk, the mount and the system log.',
        cause: error,
      },
    )
  }
  return error
}

const full = {
  code: 'STORAGE_FULL',
  text: 'there is no room left',
  hint: 'Free some space or choose another folder. Nothing that readers see was changed; run it again afterwards.',
}
const forbidden = {
  code: 'STORAGE_FORBIDDEN',
  text: 'permission denied',
  hint: 'Give this user access to the folder and everything in it, or choose another folder.',
}
const notFolder = {
  code: 'STORAGE_NOT_A_FOLDER',
  text: 'a file is where a folder is needed, or a folder where a file is needed',
  hint: 'Move away what stands there, or choose another path.',
}

const repairs: { readonly [errno: string]: { code: string; text: string; hint: string } } = {
  ENOSPC: full,
  EDQUOT: { ...full, text: 'your quota is used up' },
  EFBIG: { ...full, text: 'the file system does not hold files of this size' },
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: {
    code: 'STORAGE_READ_ONLY',
    text: 'the file system is read-only',
    hint: 'Mount it for writing, or choose another folder.',
  },
  ENOTDIR: notFolder,
  EEXIST: notFolder,
  EISDIR: notFolder,
  ENOTEMPTY: notFolder,
  ELOOP: { ...notFolder, text: 'symbolic links form a circle' },
  ENAMETOOLONG: {
    code: 'STORAGE_PATH',
    text: 'the name is longer than the file system allows',
    hint: 'Choose a shorter name or a folder with a shorter path.',
  },
  EXDEV: {
    code: 'STORAGE_MOUNT_INSIDE',
    text: 'another file system is mounted inside the folder, so a finished file cannot be moved into place',
    hint: 'Use a folder that lies on one file system as a whole.',
  },
}

const transient = new Set([
  'EIO',
  'ESTALE',
  'ETIMEDOUT',
  'EBUSY',
  'EAGAIN',
  'EMFILE',
  'ENFILE',
  'EINTR',
  'ENOMEM',
  'ENOLCK',
])
