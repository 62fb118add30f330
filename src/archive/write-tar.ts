import { UserError } from '../errors.ts'
import type { ByteStream } from './compression.ts'
import { encodeTarHeader, type TarHeader, tarBlockSizeBytes } from './tar-header.ts'

interface TarInputBase {
  /** As it is to stand in the archive, e.g. `./usr/bin/hello`; directories get their slash here. */
  readonly path: string
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly ownerId: number
  readonly groupId: number
  /** Seconds since 1970. */
  readonly mtime: number
}

export type TarInput =
  | (TarInputBase & { readonly type: 'file'; readonly sizeBytes: number; body(): ByteStream })
  | (TarInputBase & { readonly type: 'directory' })
  | (TarInputBase & { readonly type: 'symlink'; readonly target: string })

/** A GNU tar archive as a stream. Never PAX: dpkg refuses its headers at installation. */
export async function* writeTar(inputs: Iterable<TarInput>): ByteStream {
  for (const input of inputs) {
    yield encodeEntry(input)
    if (input.type !== 'file') continue
    yield* exactBody(input)
    const padding = -input.sizeBytes & (tarBlockSizeBytes - 1)
    if (padding > 0) yield Buffer.alloc(padding)
  }
  // POSIX: two zero blocks are the end.
  yield Buffer.alloc(2 * tarBlockSizeBytes)
}

async function* exactBody(input: TarInput & { type: 'file' }): ByteStream {
  let writtenBytes = 0
  for await (const piece of input.body()) {
    writtenBytes += piece.length
    if (writtenBytes > input.sizeBytes) break
    yield piece
  }
  if (writtenBytes === input.sizeBytes) return
  throw new UserError(
    'SOURCE_CHANGED',
    `The file for ${input.path} was ${input.sizeBytes} bytes long and is now ${writtenBytes > input.sizeBytes ? 'longer' : `${writtenBytes}`}.`,
    { hint: 'Build again when nothing else writes to the file.' },
  )
}

function encodeEntry(input: TarInput): Buffer {
  const name = input.type === 'directory' ? `${input.path}/` : input.path
  const linkName = input.type === 'symlink' ? input.target : ''
  const header = {
    ...input,
    name: firstBytes(name),
    linkName: firstBytes(linkName),
    type: typeFlags[input.type],
    sizeBytes: input.type === 'file' ? input.sizeBytes : 0,
  }
  return Buffer.concat([...longText('K', linkName), ...longText('L', name), encodeTarHeader(header)])
}

const typeFlags = { file: '0', directory: '5', symlink: '2' } as const

/** GNU's way for names over 100 bytes: an entry whose body is the name and a NUL. */
function longText(type: 'K' | 'L', text: string): Buffer[] {
  const bytes = Buffer.from(`${text}\0`)
  if (bytes.length <= 101) return []
  const header: TarHeader = {
    name: '././@LongLink',
    mode: 0,
    ownerId: 0,
    groupId: 0,
    sizeBytes: bytes.length,
    mtime: 0,
    type,
    linkName: '',
    owner: 'root',
    group: 'root',
  }
  return [encodeTarHeader(header), bytes, Buffer.alloc(-bytes.length & (tarBlockSizeBytes - 1))]
}

/** The part of a long name that old readers see, cut between characters. */
function firstBytes(text: string): string {
  if (Buffer.byteLength(text) <= 100) return text
  let cut = text.slice(0, 100)
  while (Buffer.byteLength(cut) > 100) cut = cut.slice(0, -1)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}
