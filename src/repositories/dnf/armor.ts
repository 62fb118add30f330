/** One armored block of several signature packets (RFC 9580, 6.2): what a change of keys with an overlap needs. */
export function armorSignature(packets: readonly Uint8Array[]): string {
  const data = Buffer.concat(packets)
  const lines = data.toString('base64').match(/.{1,64}/g) ?? []
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc24(data))
  return [
    '-----BEGIN PGP SIGNATURE-----',
    '',
    ...lines,
    // Optional since RFC 9580, expected by GnuPG 2.2 and older.
    `=${checksum.subarray(1).toString('base64')}`,
    '-----END PGP SIGNATURE-----',
    '',
  ].join('\n')
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
