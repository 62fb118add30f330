import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, open, stat, utimes } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import type { Piece } from '../storage.ts'
import { errnoOf, isAbsence } from './file-errors.ts'

/** Writes pieces one after the other into a new file; `locate` tells where a source is. */
export async function composeDraft(
  draft: string,
  pieces: readonly Piece[],
  locate: (path: string) => Promise<string>,
): Promise<void> {
  const [first] = pieces
  const isPrefix = first !== undefined && !(first instanceof Uint8Array) && first.start === 0
  const handle = isPrefix
    ? await prefixDraft(draft, first, await locate(first.from))
    : await open(draft, 'wx')
  try {
    for (const piece of isPrefix ? pieces.slice(1) : pieces) {
      if (piece instanceof Uint8Array) await handle.appendFile(piece)
      else await appendRange(handle, piece, await locate(piece.from))
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

type Copied = Exclude<Piece, Uint8Array>

/** The kernel copies the file (or only shares its blocks), and what is too much is cut off. */
async function prefixDraft(draft: string, piece: Copied, source: string): Promise<FileHandle> {
  await checkSource(piece, source)
  const handle = await open(draft, 'ax')
  try {
    await copyBytes(source, draft, handle)
    await handle.truncate(piece.end)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function appendRange(handle: FileHandle, piece: Copied, source: string): Promise<void> {
  await checkSource(piece, source)
  const from = await open(source, 'r')
  try {
    const buffer = Buffer.alloc(Math.min(1 << 20, piece.end - piece.start))
    for (let at = piece.start; at < piece.end; ) {
      const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, piece.end - at), at)
      if (bytesRead === 0) throw tooShort(piece)
      await handle.appendFile(buffer.subarray(0, bytesRead))
      at += bytesRead
    }
  } finally {
    await from.close()
  }
}

async function checkSource(piece: Copied, source: string): Promise<void> {
  try {
    if ((await stat(source)).size < piece.end) throw tooShort(piece)
  } catch (error) {
    if (!isAbsence(error)) throw error
    throw new UserError(
      'STORAGE_PIECE_MISSING',
      `${piece.from}, of which a part was to be copied, is gone.`,
      {
        hint: 'Something else changes this storage at the same time. Run it again.',
        cause: error,
      },
    )
  }
}

const tooShort = ({ from, end }: Copied): UserError =>
  new UserError('STORAGE_PIECE_SHORT', `${from} has fewer than the ${end} bytes that were to be copied.`, {
    hint: 'Something else changes this storage at the same time. Run it again.',
  })

/**
 * A second name for the same bytes, or a copy. Only names that never change their bytes share them: other tools write into
 * files that they replace, and would change both. False when the source is absent.
 */
export async function copyDraft(source: string, draft: string, canShare: boolean): Promise<boolean> {
  try {
    if (!(await stat(source)).isFile()) return false
    if (canShare && (await linked(source, draft))) {
      // It was stored now; a garbage collector must not take it for old.
      const now = new Date()
      await utimes(draft, now, now)
      return true
    }
    const handle = await open(draft, 'wx')
    try {
      await copyBytes(source, draft, handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    if (isAbsence(error)) return false
    throw error
  }
}

/** The copy brings the source's mode along, which may be private; readers need the folder's usual one. */
async function copyBytes(source: string, draft: string, handle: FileHandle): Promise<void> {
  const { mode } = await handle.stat()
  await copyFile(source, draft, constants.COPYFILE_FICLONE)
  await handle.chmod(mode & 0o777)
}

/** False across file systems, and where too many names share the file already. */
async function linked(source: string, draft: string): Promise<boolean> {
  try {
    await link(source, draft)
    return true
  } catch (error) {
    if (['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
}
