import type { ByteStream } from './compression.ts'

/** What cpio's "newc" format says of one file. Owners are not here: Hawser's archives carry names beside them. */
export interface CpioEntry {
  readonly name: string
  readonly inode: number
  /** With the type bits, as stat(2). */
  readonly mode: number
  readonly mtime: number
  readonly sizeBytes: number
}

const newcMagic = '070701'
// rpm's form for files over 4 GiB: the magic, the file's number in the header, and no name.
const strippedMagic = '07070X'
const trailerName = 'TRAILER!!!'
const headerBytes = 110
const nameBytesMax = 4096

/** cpio(5), new ASCII format: magic and 13 fields of 8 hex digits, name, zero byte, all padded to 4. */
export function encodeCpioEntry({ name, inode, mode, mtime, sizeBytes }: CpioEntry): Uint8Array {
  const nameBytes = Buffer.byteLength(name) + 1
  const fields = [
    inode,
    mode,
    0, // user
    0, // group
    1, // links
    mtime,
    sizeBytes,
    0, // device, major
    0, // device, minor
    0, // special device, major
    0, // special device, minor
    nameBytes,
    0, // checksum, only in the format 070702
  ]
  const header = newcMagic + fields.map(hex8).join('')
  return padded(Buffer.from(`${header}${name}\0`))
}

/** rpm's docs/manual/large_files.md: sizes and names come from the package's header. */
export function encodeStrippedEntry(index: number): Uint8Array {
  return padded(Buffer.from(strippedMagic + hex8(index)))
}

/** Ends every archive. */
export function encodeCpioTrailer(): Uint8Array {
  return encodeCpioEntry({ name: trailerName, inode: 0, mode: 0, mtime: 0, sizeBytes: 0 })
}

/** The zero bytes after `sizeBytes` of data. */
export function cpioPadding(sizeBytes: number): Uint8Array {
  return Buffer.alloc((4 - (sizeBytes % 4)) % 4)
}

function hex8(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new Error(
      `${value} does not fit into a field of a cpio header; the caller must use the stripped form`,
    )
  }
  return value.toString(16).padStart(8, '0')
}

function padded(data: Buffer): Uint8Array {
  return Buffer.concat([data, cpioPadding(data.length)])
}

/** One entry of an archive that is being read. Its body must be read to the end before the next entry is asked for. */
export interface CpioMember {
  /** Position of its header in the archive. */
  readonly offset: number
  /** The name, or the file's number where the archive has the stripped form. */
  readonly file: string | number
  /** Undefined in the stripped form. */
  readonly mode: number | undefined
  readonly sizeBytes: number
  readonly body: ByteStream
}

/** Thrown for archives that break the format; the caller knows for whom to word it. */
export class CpioError extends Error {
  override readonly name = 'CpioError'
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** Reads an archive as it streams by. `sizeOf` gives the size of a file that has only a number. */
export async function* readCpio(
  input: ByteStream,
  sizeOf: (index: number) => number,
): AsyncGenerator<CpioMember> {
  const source = new ByteSource(input)
  try {
    for (;;) {
      const offset = source.position
      const member = await readMemberHeader(source, sizeOf)
      if (member.file === trailerName) return await source.expectZeroes()
      const body = readBody(source, member.sizeBytes)
      yield { offset, ...member, body }
      // A reader that stopped early would leave us in the middle of the data.
      for await (const _ of body);
      await source.take((4 - (member.sizeBytes % 4)) % 4)
    }
  } finally {
    await source.close()
  }
}

type MemberHeader = Pick<CpioMember, 'file' | 'mode' | 'sizeBytes'>

async function readMemberHeader(
  source: ByteSource,
  sizeOf: (index: number) => number,
): Promise<MemberHeader> {
  const offset = source.position
  const magic = (await source.take(6)).toString('latin1')
  if (magic === strippedMagic) {
    const index = parseHex(await source.take(8), offset + 6)
    await source.take(2)
    return { file: index, mode: undefined, sizeBytes: sizeOf(index) }
  }
  if (magic !== newcMagic)
    throw new CpioError(offset, `there is no cpio header (magic ${JSON.stringify(magic)})`)
  const fields = await source.take(headerBytes - 6)
  const values: number[] = []
  for (let at = 0; at < fields.length; at += 8)
    values.push(parseHex(fields.subarray(at, at + 8), offset + 6 + at))
  // In the order of `encodeCpioEntry`: mode is the second, the size the seventh, the name's length the twelfth.
  const [, mode = 0, , , , , sizeBytes = 0, , , , , nameBytes = 0] = values
  if (nameBytes < 2 || nameBytes > nameBytesMax) {
    throw new CpioError(offset + 94, `the name claims ${nameBytes} bytes; 2 to ${nameBytesMax} are allowed`)
  }
  const name = await source.take(nameBytes + ((4 - ((headerBytes + nameBytes) % 4)) % 4))
  return { file: name.toString('utf8', 0, nameBytes - 1), mode, sizeBytes }
}

function parseHex(digits: Buffer, offset: number): number {
  const text = digits.toString('latin1')
  if (!/^[0-9a-fA-F]{8}$/.test(text))
    throw new CpioError(offset, `${JSON.stringify(text)} is no hexadecimal field`)
  return Number.parseInt(text, 16)
}

async function* readBody(source: ByteSource, sizeBytes: number): ByteStream {
  for (let left = sizeBytes; left > 0; ) {
    const piece = await source.takeSome(left)
    left -= piece.length
    yield piece
  }
}

/** Hands out bytes of a stream in the pieces that the reader asks for. */
class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>
  #buffer: Buffer = Buffer.alloc(0)
  #position = 0

  constructor(input: ByteStream) {
    this.#iterator = input[Symbol.asyncIterator]()
  }

  get position(): number {
    return this.#position
  }

  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = length; left > 0; ) {
      const piece = await this.takeSome(left)
      pieces.push(piece)
      left -= piece.length
    }
    return Buffer.concat(pieces)
  }

  async takeSome(lengthMax: number): Promise<Buffer> {
    while (this.#buffer.length === 0) {
      const next = await this.#iterator.next()
      if (next.done === true) throw new CpioError(this.#position, 'it ends too early')
      this.#buffer = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length)
    }
    const piece = this.#buffer.subarray(0, lengthMax)
    this.#buffer = this.#buffer.subarray(piece.length)
    this.#position += piece.length
    return piece
  }

  /** Reads to the end, so that whoever counts or hashes the stream sees all of it. Some writers pad to blocks. */
  async expectZeroes(): Promise<void> {
    for (;;) {
      if (this.#buffer.some((byte) => byte !== 0))
        throw new CpioError(this.#position, 'data follow the end of the archive')
      this.#position += this.#buffer.length
      const next = await this.#iterator.next()
      if (next.done === true) return
      this.#buffer = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length)
    }
  }

  async close(): Promise<void> {
    await this.#iterator.return?.()
  }
}
