import { createReadStream, type Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TransientError } from '../../errors.ts'
import { digestOf, digestOfFile } from '../../lib/digest.ts'
import type { GetOptions, ObjectInfo, StoredObject } from '../storage.ts'
import { isAbsence, storageError } from './file-errors.ts'

// Entries are read as one piece, so that bytes and version always belong together: they are what is replaced on
// condition. Larger objects have names that never change their bytes, or repeat those that do; a version from what the
// file system knows of them is enough to tell two of them apart, and costs nothing.
const wholeBytesMax = 1 << 20

export async function readInfo(file: string, path: string): Promise<ObjectInfo | undefined> {
  try {
    const found = await stat(file)
    if (!found.isFile()) return undefined
    if (found.size > wholeBytesMax) return { ...infoOf(found, path), version: await stateOf(file) }
    const { digest, sizeBytes } = await digestOfFile(file)
    return { ...infoOf(found, path), sizeBytes, version: digest }
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

const infoOf = ({ size, mtime }: Stats, path: string): Omit<ObjectInfo, 'version'> => ({
  path,
  sizeBytes: size,
  modifiedAt: mtime,
})

export async function readObject(
  file: string,
  path: string,
  { range, signal }: GetOptions,
): Promise<StoredObject | undefined> {
  try {
    const found = await stat(file)
    if (!found.isFile()) return undefined
    if (found.size > wholeBytesMax) return await largeObject(file, infoOf(found, path), range, signal)
    const whole = await readFile(file)
    const part =
      range === undefined
        ? whole
        : whole.subarray(range.start, Math.max(range.start, range.end ?? whole.length))
    return {
      ...infoOf(found, path),
      sizeBytes: whole.length,
      version: digestOf(whole),
      body: () => Readable.from(part.length === 0 ? [] : [part]),
      bytes: async () => part,
    }
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

async function largeObject(
  file: string,
  info: Omit<ObjectInfo, 'version'>,
  range: GetOptions['range'],
  signal: AbortSignal | undefined,
): Promise<StoredObject> {
  const version = await stateOf(file)
  const body = (): Readable => stableStream(file, version, range, signal)
  return { ...info, version, body, bytes: async () => Buffer.concat(await body().toArray()) }
}

/** The version of a stored file whose bytes have this digest. */
export async function versionOfFile(file: string, digest: string, sizeBytes: number): Promise<string> {
  return sizeBytes > wholeBytesMax ? stateOf(file) : digest
}

async function stateOf(file: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true })
  return ['file', ino, size, mtimeNs].join(':')
}

/** Fails at its end when the file was replaced or changed since its version was taken. */
function stableStream(
  file: string,
  before: string,
  range: GetOptions['range'],
  signal: AbortSignal | undefined,
): Readable {
  const output = new PassThrough()
  const { start = 0, end } = range ?? {}
  const empty = end !== undefined && end <= start
  const source = empty
    ? Readable.from([])
    : createReadStream(file, {
        start,
        ...(end === undefined ? {} : { end: end - 1 }),
        highWaterMark: 1 << 20,
      })
  const checked = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* chunks
    if ((await stateOf(file)) !== before) {
      throw new TransientError('STORAGE_CHANGED', `The file ${file} changed while it was read.`)
    }
  }
  pipeline(source, checked, output, { ...(signal ? { signal } : {}) }).catch((error: unknown) => {
    const failure = storageError(error, 'read', file)
    output.destroy(failure instanceof Error ? failure : new Error(String(failure)))
  })
  return output
}
