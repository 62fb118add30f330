import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { UserError } from '../../errors.ts'
import { checkObjectPath } from '../object-path.ts'
import { isAbsence } from './file-errors.ts'
import { workspaceName } from './workspace.ts'

/** Where an object is on the disk; refuses what would lead outside of the root, also over symbolic links. */
export async function locate(root: string, path: string): Promise<string> {
  checkObjectPath(path)
  if (path === workspaceName || path.startsWith(`${workspaceName}/`)) throw reservedError(path)
  const full = join(root, path)
  const [realRoot, real] = await Promise.all([realOfNearest(root), realOfNearest(full)])
  if (real !== realRoot && !real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep))
    throw escapeError(path)
  return full
}

/** The real path of the longest part that exists. */
async function realOfNearest(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!isAbsence(error) || dirname(path) === path) throw error
  }
  if (await isLink(path)) throw danglingError(path)
  return realOfNearest(dirname(path))
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink()
  } catch (error) {
    if (isAbsence(error)) return false
    throw error
  }
}

const reservedError = (path: string): UserError =>
  new UserError(
    'STORAGE_PATH',
    `The path "${path}" cannot be stored: "${workspaceName}" is Hawser's own folder.`,
    {
      hint: 'Choose another name.',
    },
  )

const escapeError = (path: string): UserError =>
  new UserError('STORAGE_ESCAPE', `The path "${path}" leads out of the storage over a symbolic link.`, {
    hint: 'Replace the link by the folder or file itself, or make it point to a place inside of the storage.',
  })

const danglingError = (path: string): UserError =>
  new UserError('STORAGE_DANGLING_LINK', `The symbolic link ${path} points to nothing.`, {
    hint: 'Remove the link, or mount or restore what it points to.',
  })
