import { UserError } from '../errors.ts'

export const tarBlockSizeBytes = 512

/** One 512-byte header as it stands; GNU and PAX extensions are whole entries of their own. */
export interface TarHeader {
  /** Raw bytes: only the reader knows whether a longer name replaces it. */
  readonly name: string
  readonly mode: number
  readonly ownerId: number
  readonly groupId: number
  readonly sizeBytes: number
  /** Seconds since 1970. */
  readonly mtime: number
  /** `0` file, `1` hard link, `2` symbolic link, `5` directory, `L`, `K`, `x`, `g` extensions … */
  readonly type: string
  readonly linkName: string
  readonly owner: string
  readonly group: string
}

/** Names of up to 100 bytes; longer ones need an entry before: `L` in GNU's dialect, `x` (PAX) in that of POSIX. */
export type TarDialect = 'gnu' | 'posix'

const magics: { readonly [dialect in TarDialect]: string } = { gnu: 'ustar  \0', posix: 'ustar\x0000' }

/** Numbers are in octal, or in base 256 where they do not fit. */
export function encodeTarHeader(header: TarHeader, dialect: TarDialect = 'gnu'): Buffer {
  const block = Buffer.alloc(tarBlockSizeBytes)
  writeText(block, 0, 100, header.name)
  writeNumber(block, 100, 8, header.mode)
  writeNumber(block, 108, 8, header.ownerId)
  writeNumber(block, 116, 8, header.groupId)
  writeNumber(block, 124, 12, header.sizeBytes)
  writeNumber(block, 136, 12, header.mtime)
  block.write(header.type, 156, 1, 'latin1')
  writeText(block, 157, 100, header.linkName)
  block.write(magics[dialect], 257, 8, 'latin1')
  writeText(block, 265, 32, header.owner)
  writeText(block, 297, 32, header.group)
  // The checksum counts its own field as spaces; six octal digits, NUL, space.
  block.fill(0x20, 148, 156)
  block.write(`${sumOf(block).toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1')
  return block
}

/** Refuses what does not check; `offset` is where the block stands in the archive. */
export function decodeTarHeader(block: Buffer, offset: number): TarHeader {
  checkSum(block, offset)
  const isUstar = block.subarray(257, 263).toString('latin1') === 'ustar\0'
  const prefix = isUstar ? textAt(block, 345, 155) : ''
  const name = textAt(block, 0, 100)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberAt(block, 100, 8, offset) & 0o7777,
    ownerId: numberAt(block, 108, 8, offset),
    groupId: numberAt(block, 116, 8, offset),
    sizeBytes: numberAt(block, 124, 12, offset),
    mtime: numberAt(block, 136, 12, offset),
    type: typeOf(block, name),
    linkName: textAt(block, 157, 100),
    owner: textAt(block, 265, 32),
    group: textAt(block, 297, 32),
  }
}

// Before POSIX a directory was a file whose name ends in a slash; 7 is a contiguous file.
function typeOf(block: Buffer, name: string): string {
  const type = String.fromCharCode(block[156] ?? 0)
  if (type === '\0' && name.endsWith('/')) return '5'
  return type === '\0' || type === '7' ? '0' : type
}

function writeText(block: Buffer, offset: number, sizeBytes: number, text: string): void {
  const bytes = Buffer.from(text)
  if (bytes.length > sizeBytes)
    throw new Error(`"${text}" does not fit into ${sizeBytes} bytes of a tar header`)
  bytes.copy(block, offset)
}

function writeNumber(block: Buffer, offset: number, sizeBytes: number, value: number): void {
  const octal = value.toString(8)
  if (octal.length < sizeBytes) {
    block.write(`${octal.padStart(sizeBytes - 1, '0')}\0`, offset, sizeBytes, 'latin1')
    return
  }
  // GNU: the first bit set, then the number in big-endian binary.
  let rest = BigInt(value)
  for (let index = offset + sizeBytes - 1; index > offset; index -= 1) {
    block[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  block[offset] = 0x80
}

function numberAt(block: Buffer, at: number, sizeBytes: number, offset: number): number {
  const field = block.subarray(at, at + sizeBytes)
  if (((field[0] ?? 0) & 0x80) !== 0) return base256(field, at, offset)
  const text = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .replace(/^ +/, '')
  if (!/^[0-7]*$/.test(text)) throw headerError(offset, `the number at byte ${at} is not octal`)
  return text === '' ? 0 : Number.parseInt(text, 8)
}

function base256(field: Buffer, at: number, offset: number): number {
  if (field[0] !== 0x80) throw headerError(offset, `the number at byte ${at} is negative or too large`)
  let value = 0n
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte)
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw headerError(offset, `the number at byte ${at} is too large`)
  return Number(value)
}

function textAt(block: Buffer, at: number, sizeBytes: number): string {
  return textOf(block.subarray(at, at + sizeBytes))
}

/** Up to the first NUL. Bytes that are not UTF-8 stay visible as U+FFFD; the reader refuses them in paths. */
export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.subarray(0, end === -1 ? bytes.length : end).toString('utf8')
}

function checkSum(block: Buffer, offset: number): void {
  const written = numberAt(block, 148, 8, offset)
  const copy = Buffer.from(block)
  copy.fill(0x20, 148, 156)
  const sum = sumOf(copy)
  // Some old tars summed signed bytes.
  const signedSum = copy.reduce((total, byte) => total + (byte > 127 ? byte - 256 : byte), 0)
  if (written !== sum && written !== signedSum) {
    throw headerError(offset, `its checksum is ${written}, and the bytes add up to ${sum}`)
  }
}

const sumOf = (block: Buffer): number => block.reduce((total, byte) => total + byte, 0)

export function headerError(offset: number, what: string): UserError {
  return new UserError('TAR_HEADER', `The tar header at offset ${offset} is damaged: ${what}.`, {
    hint: 'Fetch or build the file again.',
  })
}
