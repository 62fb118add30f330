import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { chmod, copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { closing, codeOf, fileSystemError, removeQuietly, temporaryPathFor } from '../lib/atomic-file.ts'
import { type Digest, digestOfFile } from '../lib/digest.ts'

/** Bytes as they come, chunk by chunk. */
export type ByteStream = AsyncIterable<Uint8Array>

export interface StoredBlob {
  readonly digest: Digest
  readonly sizeBytes: number
}

export const streamOf = (content: ByteStream | string): ByteStream =>
  typeof content === 'string' ? readFileInPieces(content) : content

async function* readFileInPieces(path: string): ByteStream {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 20 })
  } catch (error) {
    throw fileSystemError(error, 'read', path)
  }
}

export async function writeBlob(
  stream: ByteStream,
  path: string,
  signal: AbortSignal | undefined,
): Promise<StoredBlob> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const file = await open(path, 'wx', 0o600)
  await closing(file, async () => {
    for await (const chunk of stream) {
      signal?.throwIfAborted()
      hash.update(chunk)
      sizeBytes += chunk.length
      await file.writeFile(chunk)
    }
  })
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes }
}

/** Blobs are read-only, so that a stray write is an error and not a damaged cache. */
export async function seal(path: string, durable: boolean): Promise<void> {
  await chmod(path, 0o444)
  if (durable) await syncFile(path)
}

/** Undefined when absent. The change time cannot be set back by a program, so a rewritten file never looks unchanged. */
export async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { size, mtimeNs, ino, ctimeNs } = await stat(path, { bigint: true })
    return `${size} ${mtimeNs} ${ino} ${ctimeNs}`
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

export async function digestOfStored(path: string): Promise<Digest | undefined> {
  try {
    return (await digestOfFile(path)).digest
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileSystemError(error, 'read', path)
  }
}

export async function syncFile(path: string): Promise<void> {
  // Read-only is enough for fsync on Linux and macOS, and `mode` may forbid writing.
  const file = await open(path, 'r')
  await closing(file, () => file.sync())
}

/** A clone of the blocks where the file system can, else a copy. Never a hard link: its reader may write to it. */
export async function copyForReader(from: string, to: string, mode: number): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  await chmod(to, mode)
  await syncFile(to)
}

/** Readers see the old file or the whole new one, also where the target is on another file system. */
export async function moveIntoPlace(from: string, to: string, mode: number): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
    const beside = temporaryPathFor(to)
    try {
      await copyForReader(from, beside, mode)
      await rename(beside, to)
    } catch (failure) {
      await removeQuietly(beside)
      throw failure
    }
    await rm(from, { force: true })
  }
}
