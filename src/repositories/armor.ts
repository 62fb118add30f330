import { UserError } from '../errors.ts'

export type ArmorLabel = 'PGP SIGNATURE' | 'PGP PUBLIC KEY BLOCK'

/** One armored block of several packets (RFC 9580, 6.2): what several keys, and a change of keys with an overlap, need. */
export function armor(label: ArmorLabel, packets: readonly Uint8Array[]): string {
  const data = Buffer.concat(packets)
  const lines = data.toString('base64').match(/.{1,64}/g) ?? []
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc24(data))
  // The checksum is optional since RFC 9580, and expected by GnuPG 2.2 and older.
  const body = [...lines, `=${checksum.subarray(1).toString('base64')}`].join('\n')
  return `-----BEGIN ${label}-----\n\n${body}\n-----END ${label}-----\n`
}

/** The packets of an armored block; its checksum is not checked, since a signature proves itself. */
export function dearmor(label: ArmorLabel, text: string): Uint8Array {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd())
  const begin = lines.indexOf(`-----BEGIN ${label}-----`)
  const end = lines.indexOf(`-----END ${label}-----`, begin)
  const headersEnd = lines.indexOf('', begin)
  if (begin === -1 || end === -1 || headersEnd === -1 || headersEnd > end) {
    throw new UserError('ARMOR_UNREADABLE', `There is no complete "${label}" block.`, {
      hint: 'The file is cut off or damaged.',
    })
  }
  const body = lines.slice(headersEnd + 1, end).filter((line) => !line.startsWith('='))
  return Buffer.from(body.join(''), 'base64')
}

/** RFC 9580, 6.1.1. */
function crc24(data: Uint8Array): number {
  let crc = 0xb704ce
  for (const byte of data) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb
    }
  }
  return crc & 0xffffff
}
