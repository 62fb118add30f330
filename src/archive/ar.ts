import { UserError } from '../errors.ts'
import { ByteReader } from './byte-reader.ts'
import type { ByteStream } from './compression.ts'

export const arMagic = '!<arch>\n'

export interface ArMember {
  readonly name: string
  readonly sizeBytes: number
  /** Seconds since 1970. */
  readonly mtime: number
}

/** ar(5): name, mtime, owner, group, mode, size, each padded with spaces; 60 bytes in all. */
export function encodeArHeader({ name, sizeBytes, mtime }: ArMember): Buffer {
  if (sizeBytes > 9_999_999_999) {
    throw new UserError('AR_TOO_LARGE', `The part "${name}" of the package is ${sizeBytes} bytes long.`, {
      hint: 'A Debian package cannot hold a part of 10 GB or more: split the package, or compress it better.',
    })
  }
  const fields = [
    name.padEnd(16),
    String(mtime).padEnd(12),
    '0'.padEnd(6), // owner
    '0'.padEnd(6), // group
    '100644'.padEnd(8),
    String(sizeBytes).padEnd(10),
  ]
  return Buffer.from(`${fields.join('')}\`\n`, 'latin1')
}

/** Members begin at even offsets. */
export const arPadding = (sizeBytes: number): Buffer => Buffer.from(sizeBytes % 2 === 1 ? '\n' : '', 'latin1')

export interface ArEntry extends ArMember {
  /** Where the member's bytes begin. */
  readonly offset: number
  /** The bytes, once, before the next member is asked for. */
  body(): ByteStream
}

/** Reads the members of an ar archive in their order; refuses what does not fit the format. */
export async function* readAr(stream: ByteStream): AsyncIterable<ArEntry> {
  const reader = new ByteReader(stream, 'The package')
  try {
    const magic = await reader.upTo(arMagic.length)
    if (magic.toString('latin1') !== arMagic) {
      throw new UserError('AR_MAGIC', 'The file does not begin with "!<arch>": it is not a Debian package.', {
        hint: 'Check that the file was downloaded completely and is a .deb.',
      })
    }
    for (;;) {
      const offset = reader.offset
      const header = await reader.upTo(60)
      if (header.length === 0) return
      if (header.length < 60) throw damaged(offset, 'ends too early')
      const member = decodeArHeader(header, offset)
      let readBytes = 0
      const start = reader.offset
      async function* body(): ByteStream {
        for await (const piece of reader.take(member.sizeBytes - readBytes, `the part "${member.name}"`)) {
          readBytes += piece.length
          yield piece
        }
      }
      yield { ...member, offset: start, body }
      await reader.skip(member.sizeBytes - readBytes, `the part "${member.name}"`)
      await reader.upTo(member.sizeBytes % 2)
    }
  } finally {
    await reader.close()
  }
}

function decodeArHeader(header: Buffer, offset: number): ArMember {
  const text = header.toString('latin1')
  if (text.slice(58) !== '`\n') throw damaged(offset, 'has no end mark')
  const mtime = text.slice(16, 28).trim()
  const size = text.slice(48, 58).trim()
  if (!/^\d+$/.test(size) || !/^\d*$/.test(mtime)) throw damaged(offset, 'has a number that is none')
  // GNU ar ends a name with a slash.
  return {
    name: text.slice(0, 16).trimEnd().replace(/\/$/, ''),
    mtime: Number(mtime),
    sizeBytes: Number(size),
  }
}

function damaged(offset: number, what: string): UserError {
  return new UserError('AR_HEADER', `The ar header at offset ${offset} ${what}.`, {
    hint: 'Fetch or build the package again.',
  })
}
