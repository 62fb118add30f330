import { chmod, lstat, mkdir, readlink, symlink, unlink } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { digestOf, hexOf } from '../../lib/digest.ts'

/** unix(7): a socket's path has 108 bytes, 104 on macOS; the longest of the server's is `/fabric.sock`. */
const pathMaxBytes = 104 - 1 - '/server/hawser/ingress.sock'.length

/**
 * A path of the engine's folder that is short enough for sockets: itself, or a link to it in a folder of our own. The
 * server would wait for ever on a longer one, without a word.
 */
export async function socketFolder(folder: string): Promise<string> {
  if (Buffer.byteLength(folder) <= pathMaxBytes) return folder
  const links = join(tmpdir(), `hawser-${userInfo().uid}`)
  await ownFolder(links)
  const short = join(links, hexOf(digestOf(folder)).slice(0, 12))
  if (Buffer.byteLength(short) > pathMaxBytes) {
    throw new UserError('ENGINE_PATH_TOO_LONG', `The path "${short}" is too long for a socket.`, {
      hint: 'Set TMPDIR to a shorter folder.',
    })
  }
  await pointAt(short, folder)
  return short
}

/** The folder for temporary files is everybody's: a link in it is only ours when its folder is. */
async function ownFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700, recursive: true })
  const stat = await lstat(path)
  if (!stat.isDirectory() || stat.uid !== userInfo().uid) {
    throw new UserError('ENGINE_FOLDER_FOREIGN', `The folder "${path}" belongs to somebody else.`, {
      hint: 'Remove it, or set TMPDIR to a folder of your own.',
    })
  }
  await chmod(path, 0o700)
}

async function pointAt(path: string, target: string): Promise<void> {
  for (;;) {
    try {
      await symlink(target, path)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      if ((await readlink(path)) === target) return
      await unlink(path)
    }
  }
}
