import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { decompress, detectCompression } from '../archive/decompress.ts'
import { readTar, type TarEntry } from '../archive/tar.ts'
import { UserError } from '../errors.ts'
import { closing, fileSystemError } from '../lib/atomic-file.ts'
import type { FetchedSource, SourceContext, SourceFile } from './source.ts'
import { fileMode, linkFile, sourceTree } from './tree.ts'

export interface UnpackOptions {
  /** How many leading folders are cut off; what has no more of them is left out, as tar does. */
  readonly strip: number
  /** For people: begins a sentence. */
  readonly from: string
}

/** What a release can reasonably hold; beyond it, an archive is taken for an attack on the disk. */
const limits = { sizeBytesMax: 16 * 2 ** 30, ratioMax: 20_000, entriesMax: 500_000 }

/** Reads a tar archive into the store without writing any of its paths to disk. Empty folders are left out. */
export async function unpack(
  path: string,
  options: UnpackOptions,
  context: SourceContext,
  signal: AbortSignal,
): Promise<FetchedSource> {
  try {
    const start = await firstBytes(path)
    if (zipMagic.equals(start.subarray(0, zipMagic.length))) throw zip()
    const bytes = decompress(
      createReadStream(path, { highWaterMark: 1 << 18 }),
      detectCompression(start),
      limits,
    )
    const files = new Unpacked(options.strip, context)
    for await (const entry of readTar(bytes, limits)) {
      signal.throwIfAborted()
      await files.add(entry)
    }
    return sourceTree(files.kept(), options.from)
  } catch (error) {
    throw named(options.from, fileSystemError(error, 'read', path))
  }
}

class Unpacked {
  readonly #strip: number
  readonly #context: SourceContext
  readonly #files: SourceFile[] = []
  /** By path in the archive: hard links name earlier files so, also those that stripping left out. */
  readonly #contents = new Map<string, Omit<SourceFile, 'path'>>()

  constructor(strip: number, context: SourceContext) {
    this.#strip = strip
    this.#context = context
  }

  async add(entry: TarEntry): Promise<void> {
    if (entry.type === 'directory') return
    const path = entry.path.split('/').slice(this.#strip).join('/')
    if (entry.type === 'symlink') {
      if (path !== '') this.#files.push(linkFile(path, entry.target ?? ''))
      return
    }
    const content = await this.#contentOf(entry)
    this.#contents.set(entry.path, content)
    if (path !== '') this.#files.push({ path, ...content })
  }

  async #contentOf(entry: TarEntry): Promise<Omit<SourceFile, 'path'>> {
    const linked = entry.type === 'hardlink' ? this.#contents.get(entry.target ?? '') : undefined
    if (linked !== undefined) return linked
    const blob = await this.#context.store.add(entry.body(), {
      durable: false,
      expectedSizeBytes: entry.sizeBytes,
    })
    return { mode: fileMode((entry.mode & 0o100) !== 0), ...blob }
  }

  kept(): readonly SourceFile[] {
    if (this.#files.length > 0) return this.#files
    throw new UserError('SOURCE_EMPTY', 'No file is left in the archive.', {
      hint: 'When it is not empty, "strip" cuts off too many folders.',
    })
  }
}

const zipMagic = Buffer.from('PK\x03\x04')

function zip(): UserError {
  return new UserError('SOURCE_NOT_TAR', 'It is a zip archive.', {
    hint: 'Tar archives are unpacked, alone or compressed with gzip, xz or zstd; most makers publish one of these too.',
  })
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path)
  return await closing(file, async () => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(8), 0, 8, 0)
    return buffer.subarray(0, bytesRead)
  })
}

/** The readers of archives do not know where the bytes come from; the reader of the message must. */
function named(from: string, error: unknown): unknown {
  if (!(error instanceof UserError) || error.message.startsWith(from)) return error
  return new UserError(error.code, `${from} cannot be unpacked. ${error.message}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}
