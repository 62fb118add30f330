import { ByteReader } from './byte-reader.ts'
import type { ByteStream } from './compression.ts'
import { type Extensions, noExtensions, readExtension } from './tar-extensions.ts'
import { decodeTarHeader, headerError, type TarHeader, tarBlockSizeBytes } from './tar-header.ts'
import { TarRules, type TarRulesOptions, tooLarge, unsupportedEntry } from './tar-rules.ts'

export interface TarEntry {
  /** Relative, `/`-separated, without `./` in front or a slash at the end; empty for the root itself. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink'
  /** Permission bits. */
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly ownerId: number
  readonly groupId: number
  readonly mtime: number
  readonly sizeBytes: number
  /** As written, for symbolic links; the path of an earlier file, for hard links. */
  readonly target: string | undefined
  /** The bytes, once, before the next entry is asked for. What is not read is skipped. */
  body(): ByteStream
}

export interface TarLimits extends TarRulesOptions {
  readonly entriesMax?: number
  /** All bodies together. */
  readonly sizeBytesMax?: number
  /** The zero blocks at the end; where a digest says that the archive is whole, they may be missing. */
  readonly endMark?: 'required' | 'optional'
}

/** Reads ustar, GNU and PAX archives. Nothing is trusted: what could reach out of the target folder is refused. */
export async function* readTar(stream: ByteStream, limits: TarLimits = {}): AsyncIterable<TarEntry> {
  const { entriesMax = 1_000_000, sizeBytesMax = Number.POSITIVE_INFINITY, endMark = 'required' } = limits
  const reader = new ByteReader(stream, 'The tar archive')
  const rules = new TarRules(limits)
  let bodyBytes = 0
  let entries = 0
  try {
    for await (const { header, extensions, offset } of readHeaders(reader, endMark)) {
      entries += 1
      const entry = entryOf(header, extensions, offset, rules)
      bodyBytes += entry.sizeBytes
      if (entries > entriesMax) throw tooLarge(offset, `more than ${entriesMax} entries`)
      if (bodyBytes > sizeBytesMax) throw tooLarge(offset, `more than ${sizeBytesMax} bytes of files`)
      const body = trackedBody(reader, entry.sizeBytes, entry.path)
      yield { ...entry, body: body.take }
      await body.skipRest()
      await reader.skip(-entry.sizeBytes & (tarBlockSizeBytes - 1), 'the padding')
    }
    // The decompressor's own checksum stands at its end.
    await reader.drain()
  } finally {
    await reader.close()
  }
}

interface RawEntry {
  readonly header: TarHeader
  readonly extensions: Extensions
  readonly offset: number
}

async function* readHeaders(reader: ByteReader, endMark: 'required' | 'optional'): AsyncIterable<RawEntry> {
  let extensions = noExtensions
  for (;;) {
    const offset = reader.offset
    if (endMark === 'optional' && extensions === noExtensions && (await reader.isAtEnd())) return
    const block = await reader.exactly(tarBlockSizeBytes, 'a header')
    if (block.every((byte) => byte === 0)) return
    const header = decodeTarHeader(block, offset)
    const extension = await readExtension(header, reader, offset)
    if (extension !== undefined) {
      extensions = { ...extensions, ...extension }
      continue
    }
    yield { header, extensions, offset }
    extensions = noExtensions
  }
}

function entryOf(
  header: TarHeader,
  extensions: Extensions,
  offset: number,
  rules: TarRules,
): Omit<TarEntry, 'body'> {
  const type = entryTypes[header.type]
  const writtenPath = extensions.path ?? header.name
  if (type === undefined) throw unsupportedEntry(header.type, writtenPath, offset)
  const sizeBytes = extensions.sizeBytes ?? header.sizeBytes
  if (type !== 'file' && type !== 'directory' && sizeBytes !== 0 && type !== 'hardlink') {
    throw headerError(offset, `a ${type} has a body of ${sizeBytes} bytes`)
  }
  const checked = rules.check({
    path: writtenPath,
    type,
    target: extensions.linkPath ?? header.linkName,
    offset,
  })
  return {
    ...checked,
    type,
    mode: header.mode,
    owner: extensions.owner ?? header.owner,
    group: extensions.group ?? header.group,
    ownerId: extensions.ownerId ?? header.ownerId,
    groupId: extensions.groupId ?? header.groupId,
    mtime: header.mtime,
    // Old tars write the size of the linked file, without its bytes.
    sizeBytes: type === 'file' ? sizeBytes : 0,
  }
}

const entryTypes: { readonly [flag: string]: TarEntry['type'] } = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
}

function trackedBody(reader: ByteReader, sizeBytes: number, path: string) {
  let readBytes = 0
  async function* take(): ByteStream {
    while (readBytes < sizeBytes) {
      for await (const piece of reader.take(sizeBytes - readBytes, `the body of "${path}"`)) {
        readBytes += piece.length
        yield piece
      }
    }
  }
  const skipRest = async (): Promise<void> => {
    for await (const _piece of take());
  }
  return { take, skipRest }
}
