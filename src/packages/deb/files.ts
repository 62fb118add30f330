import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'

export interface WrittenFile {
  /** A temporary name, gone when the use is over. */
  readonly path: string
  readonly sizeBytes: number
  /** Gives the file its real name. */
  keep(): Promise<void>
}

/** Writes the stream under a temporary name beside `path` and hands it to `use`; what is not kept is removed. */
export async function writePackageFile(
  path: string,
  stream: ByteStream,
  use: (file: WrittenFile) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`
  try {
    const sizeBytes = await onDisk(path, () => writeAll(temporary, stream))
    await use({ path: temporary, sizeBytes, keep: () => onDisk(path, () => rename(temporary, path)) })
  } finally {
    await rm(temporary, { force: true })
  }
}

const pieceSizeBytes = 1 << 20

/**
 * The bytes of a file through one buffer: a piece is valid until the next one is asked for. With a new buffer for every
 * piece, garbage would be most of the memory of a build.
 */
export async function* readInPlace(path: string): ByteStream {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafeSlow(pieceSizeBytes)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function writeAll(path: string, stream: ByteStream): Promise<number> {
  const file = await open(path, 'wx', 0o644)
  try {
    // Tar headers are small; a system call for each would be most of the work of a package with many files.
    const buffer = Buffer.allocUnsafeSlow(pieceSizeBytes)
    let used = 0
    let sizeBytes = 0
    for await (const piece of stream) {
      sizeBytes += piece.length
      for (let offset = 0; offset < piece.length; ) {
        const taken = Math.min(buffer.length - used, piece.length - offset)
        buffer.set(piece.subarray(offset, offset + taken), used)
        offset += taken
        used += taken
        if (used < buffer.length) continue
        await writeWhole(file, buffer)
        used = 0
      }
    }
    await writeWhole(file, buffer.subarray(0, used))
    return sizeBytes
  } finally {
    await file.close()
  }
}

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < chunk.length) {
    offset += (await file.write(chunk, offset)).bytesWritten
  }
}

/** What the disk refuses is for the reader to repair. */
async function onDisk<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    const known = diskErrors[String(error.code)]
    if (known === undefined) throw error
    throw new UserError(known.code, `The package cannot be written to "${dirname(path)}": ${known.what}.`, {
      hint: known.hint,
      cause: error,
    })
  }
}

const diskErrors: { readonly [code: string]: { code: string; what: string; hint: string } } = {
  ENOSPC: { code: 'DISK_FULL', what: 'the disk is full', hint: 'Make room, and run the command again.' },
  EDQUOT: {
    code: 'DISK_FULL',
    what: 'your disk quota is used up',
    hint: 'Make room, and run the command again.',
  },
  EROFS: {
    code: 'DISK_READ_ONLY',
    what: 'the file system is read-only',
    hint: 'Choose a folder on a file system that can be written to.',
  },
  EACCES: {
    code: 'DISK_FORBIDDEN',
    what: 'permission is denied',
    hint: 'Give yourself the permission to write there, or choose another folder.',
  },
  ENOENT: { code: 'DISK_NO_FOLDER', what: 'there is no such folder', hint: 'Create the folder first.' },
  ENOTDIR: { code: 'DISK_NO_FOLDER', what: 'it is not a folder', hint: 'Choose a folder.' },
}
