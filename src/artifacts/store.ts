import { rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../errors.ts'
import { codeOf, fileSystemError, makeFolder, removeQuietly, syncFolder } from '../lib/atomic-file.ts'
import { type Digest, digestOfFile, hexOf } from '../lib/digest.ts'
import type { Json } from '../lib/json.ts'
import {
  type ByteStream,
  copyForReader,
  digestOfStored,
  moveIntoPlace,
  type StoredBlob,
  seal,
  stateOf,
  streamOf,
  writeBlob,
} from './blob-file.ts'
import { readRecord, writeRecord } from './record.ts'
import { ownerName, removeStaleFiles } from './scratch.ts'

export interface AddOptions {
  readonly expected?: Digest
  readonly expectedSizeBytes?: number
  readonly signal?: AbortSignal
  /**
   * False: do not wait for the disk. For files that can be fetched again: after a power cut they count as damaged.
   * It is what makes a tree of thousands of small files quick.
   */
  readonly durable?: boolean
  /** The file is moved into the store, or removed when it is not as expected. Only for files of a scratch folder. */
  readonly take?: boolean
}

/** Files by digest, and the build cache that names them. Layout and promises: docs/store.md. */
export interface ArtifactStore {
  readonly folder: string
  /** Takes a stream, or the path of a file that stays where it is. Other bytes than expected leave nothing behind. */
  add(content: ByteStream | string, options?: AddOptions): Promise<StoredBlob>
  /** Where the blob is or would be. Its bytes are only proven by `has` and `verifiedPath`. */
  path(digest: Digest): string
  /** True when the bytes are there and right. Wrong bytes are removed with a warning, so that they are made again. */
  has(digest: Digest): Promise<boolean>
  /** As `path`, for a blob whose bytes were checked now. Throws when it is absent. */
  verifiedPath(digest: Digest): Promise<string>
  /** A copy that its reader may change; replaces `toPath` atomically. The folder must exist. */
  materialize(digest: Digest, toPath: string, mode: number): Promise<void>
  /** The build cache: digest of all inputs → what they gave. An unreadable record counts as absent. */
  getRecord(key: Digest): Promise<Json | undefined>
  putRecord(key: Digest, value: Json): Promise<void>
  /** A folder for unfinished files, on the same file system; forgotten ones are removed when they are stale. */
  scratch(area: ScratchArea): Promise<string>
}

export const scratchAreas = ['temporary', 'partial'] as const
export type ScratchArea = (typeof scratchAreas)[number]

export interface ArtifactStoreOptions {
  /** Told when stored bytes were found damaged. */
  readonly warn?: (message: string) => void
  readonly now?: () => number
}

const weekMs = 7 * 24 * 3_600_000

/** Opens the store, makes it when absent, and clears away what killed writers left. */
export async function openArtifactStore(
  folder: string,
  options: ArtifactStoreOptions = {},
): Promise<ArtifactStore> {
  const { warn = () => undefined, now = Date.now } = options
  await makeFolder(folder)
  for (const area of scratchAreas) await makeFolder(join(folder, area))
  await removeStaleFiles(join(folder, 'temporary'), now())
  await removeStaleFiles(join(folder, 'partial'), now(), { deadQuietMs: weekMs, quietMaxMs: weekMs })
  return new FolderStore(folder, warn)
}

class FolderStore implements ArtifactStore {
  readonly folder: string
  readonly #warn: (message: string) => void
  /** Blobs whose bytes this process has seen, with the state of the file at that moment. */
  readonly #seen = new Map<Digest, string>()

  constructor(folder: string, warn: (message: string) => void) {
    this.folder = folder
    this.#warn = warn
  }

  path(digest: Digest): string {
    const hex = hexOf(digest)
    return join(this.folder, 'sha256', hex.slice(0, 2), hex)
  }

  async scratch(area: ScratchArea): Promise<string> {
    // Made again each time: someone may have cleared the cache while we run.
    const path = join(this.folder, area)
    await makeFolder(path)
    return path
  }

  async add(content: ByteStream | string, options: AddOptions = {}): Promise<StoredBlob> {
    const known = await this.#alreadyStored(options)
    if (known !== undefined && typeof content === 'string') {
      if (options.take === true) await removeQuietly(content)
      return known
    }
    const isTaken = options.take === true && typeof content === 'string'
    const temporary = isTaken ? content : join(await this.scratch('temporary'), ownerName())
    try {
      const blob = isTaken
        ? await digestOfFile(content)
        : await writeBlob(streamOf(content), temporary, options.signal)
      await seal(temporary, options.durable ?? true)
      assertExpected(blob, options)
      await this.#keep(blob, temporary, options.durable ?? true)
      return blob
    } catch (error) {
      await removeQuietly(temporary)
      throw fileSystemError(error, 'write into the store', this.folder)
    }
  }

  async #alreadyStored({ expected, expectedSizeBytes }: AddOptions): Promise<StoredBlob | undefined> {
    if (expected === undefined || !(await this.has(expected))) return undefined
    const { size } = await stat(this.path(expected))
    if (expectedSizeBytes !== undefined && expectedSizeBytes !== size) return undefined
    return { digest: expected, sizeBytes: size }
  }

  async #keep({ digest }: StoredBlob, temporary: string, durable: boolean): Promise<void> {
    if (await this.has(digest)) {
      await rm(temporary, { force: true })
      return
    }
    const path = this.path(digest)
    await makeFolder(dirname(path))
    await rename(temporary, path)
    if (durable) await syncFolder(dirname(path))
    const state = await stateOf(path)
    if (state !== undefined) this.#seen.set(digest, state)
  }

  async has(digest: Digest): Promise<boolean> {
    const path = this.path(digest)
    const state = await stateOf(path)
    if (state === undefined) return false
    if (this.#seen.get(digest) === state) return true
    const found = await digestOfStored(path)
    if (found === digest) {
      this.#seen.set(digest, state)
      return true
    }
    if (found !== undefined) await this.#discard(digest, path)
    return false
  }

  /** Moves the damaged file away before the last look: another process may have put good bytes there meanwhile. */
  async #discard(digest: Digest, path: string): Promise<void> {
    this.#seen.delete(digest)
    const aside = join(await this.scratch('temporary'), ownerName())
    try {
      await rename(path, aside)
      if ((await digestOfStored(aside)) === digest) {
        await rename(aside, path)
        return
      }
      await rm(aside, { force: true })
      this.#warn(`The stored file ${digest} was damaged. It was removed, and will be fetched or built again.`)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw fileSystemError(error, 'remove the damaged file', path)
    }
  }

  async verifiedPath(digest: Digest): Promise<string> {
    if (await this.has(digest)) return this.path(digest)
    throw new UserError('STORE_FILE_MISSING', `The file ${digest} is not in the store "${this.folder}".`, {
      hint: 'It was removed or damaged since it was made. Run the command again to make it again.',
    })
  }

  async materialize(digest: Digest, toPath: string, mode: number): Promise<void> {
    const from = await this.verifiedPath(digest)
    // Beside the target, the draft of a killed writer would stay among the files of people; here it goes at a later start.
    const draft = join(await this.scratch('temporary'), ownerName())
    try {
      await copyForReader(from, draft, mode)
      await moveIntoPlace(draft, toPath, mode)
      await syncFolder(dirname(toPath))
    } catch (error) {
      await removeQuietly(draft)
      throw fileSystemError(error, 'write', toPath)
    }
  }

  getRecord(key: Digest): Promise<Json | undefined> {
    return readRecord(this.#recordPath(key))
  }

  async putRecord(key: Digest, value: Json): Promise<void> {
    const path = this.#recordPath(key)
    await makeFolder(dirname(path))
    await writeRecord(path, value, join(await this.scratch('temporary'), ownerName()))
  }

  #recordPath(key: Digest): string {
    const hex = hexOf(key)
    return join(this.folder, 'records', hex.slice(0, 2), `${hex}.json`)
  }
}

function assertExpected(found: StoredBlob, { expected, expectedSizeBytes }: AddOptions): void {
  if (expected !== undefined && expected !== found.digest) {
    throw new UserError(
      'STORE_DIGEST_MISMATCH',
      `The bytes have another digest than expected.\nexpected: ${expected}\nfound:    ${found.digest}`,
      { hint: 'Nothing was kept. Find out why the bytes differ before you change the expected digest.' },
    )
  }
  if (expectedSizeBytes !== undefined && expectedSizeBytes !== found.sizeBytes) {
    throw new UserError(
      'STORE_SIZE_MISMATCH',
      `The file has ${found.sizeBytes} bytes, but ${expectedSizeBytes} were expected.`,
      { hint: 'Nothing was kept. The file may have been cut off on the way: run the command again.' },
    )
  }
}
