import { crc32 } from 'node:zlib'
import type { ByteStream } from '../../archive/compression.ts'
import { LzmaCoder } from '../../archive/lzma.ts'
import type { MemberCodec, TableRow } from './codec.ts'

// The .xz file format 1.2: stream header (2.1.1), blocks (3), index (4), stream footer (2.1.2). Clients read one stream
// of many blocks; of several streams they read the first. CRC64, as xz writes it.
const streamFlags = Buffer.from([0x00, 0x04])
const headerBytes = 12
const footerBytes = 12
const level = 6
// Larger than any member, so that one encoding makes one block.
const blockBytesMax = 64 << 20

export const xzCodec: MemberCodec = {
  prefix: Buffer.concat([Buffer.from('fd377a585a00', 'hex'), streamFlags, crcOf(streamFlags)]),
  async encode(plain) {
    const stream = await encodeStream(plain)
    const indexBytes = (stream.readUInt32LE(stream.length - footerBytes + 4) + 1) * 4
    const indexStart = stream.length - footerBytes - indexBytes
    return { bytes: stream.subarray(headerBytes, indexStart), row: onlyRow(stream.subarray(indexStart)) }
  },
  suffix(table) {
    const records = table.flatMap(([unpadded, plain]) => [...vli(unpadded), ...vli(plain)])
    const index = padded(Buffer.from([0x00, ...vli(table.length), ...records]))
    const whole = Buffer.concat([index, crcOf(index)])
    const tail = Buffer.alloc(6)
    tail.writeUInt32LE(whole.length / 4 - 1, 0)
    tail.set(streamFlags, 4)
    return Buffer.concat([whole, crcOf(tail), tail, Buffer.from('YZ')])
  },
  hasTable: true,
}

async function encodeStream(plain: Uint8Array): Promise<Buffer> {
  async function* input(): ByteStream {
    yield plain
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of LzmaCoder.encoder(level, 1, blockBytesMax).run(input())) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The record of a stream of one block (or of none, when there was nothing to encode). */
function onlyRow(index: Buffer): TableRow {
  const numbers = readNumbers(index, 1)
  const [count = 0, unpadded = 0, plain = 0] = numbers
  if (count !== 1) throw new Error(`The xz codec made ${count} blocks of one member`)
  return [unpadded, plain]
}

function readNumbers(bytes: Buffer, start: number): number[] {
  const numbers: number[] = []
  let at = start
  while (numbers.length < 3 && at < bytes.length) {
    let [value, factor] = [0, 1]
    for (let byte = 0x80; byte >= 0x80; at++) {
      byte = bytes[at] ?? 0
      value += (byte & 0x7f) * factor
      factor *= 0x80
    }
    numbers.push(value)
  }
  return numbers
}

/** 1.2: seven bits a byte, the lowest first, the highest bit says that more follow. */
function vli(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])

function crcOf(bytes: Uint8Array): Buffer {
  const crc = Buffer.alloc(4)
  crc.writeUInt32LE(crc32(bytes))
  return crc
}
