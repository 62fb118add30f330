import { chmod, mkdir, realpath } from 'node:fs/promises'
import { UserError } from '../../errors.ts'

const repairable = [
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOTDIR',
  'EEXIST',
  'ELOOP',
  'ENAMETOOLONG',
]

/** Sockets in it have no authentication: its mode is what protects them. Returns the path without links. */
export async function privateFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    return await realpath(folder)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && repairable.includes(String(error.code)))) throw error
    throw new UserError('ENGINE_FOLDER', `The engine cannot use the folder "${folder}" (${error.code}).`, {
      hint: 'Make it a folder that you own and can write to, on a disk with space.',
      cause: error,
    })
  }
}
