/**
 * Who made a detached OpenPGP signature: the issuer's fingerprint or key id in upper-case hex, from its first packet
 * (RFC 9580, 4.2 and 5.2.3). Undefined when it does not say. Nothing is verified here.
 */
export function signerOf(signature: Buffer): string | undefined {
  const packet = firstPacket(signature)
  if (packet === undefined || packet[0] !== 4 || packet.length < 10) return undefined
  const hashedLength = packet.readUInt16BE(4)
  const hashed = packet.subarray(6, 6 + hashedLength)
  const unhashed = packet.subarray(8 + hashedLength)
  return issuerIn(hashed) ?? issuerIn(unhashed)
}

function firstPacket(bytes: Buffer): Buffer | undefined {
  const tag = bytes[0] ?? 0
  if ((tag & 0x80) === 0) return undefined
  if ((tag & 0x40) !== 0) {
    const length = lengthAt(bytes, 1)
    return (tag & 0x3f) === 2 && length !== undefined
      ? bytes.subarray(length.next, length.next + length.value)
      : undefined
  }
  if (((tag >> 2) & 0x0f) !== 2) return undefined
  const sizeBytes = [1, 2, 4][tag & 3]
  if (sizeBytes === undefined || bytes.length < 1 + sizeBytes) return undefined
  const start = 1 + sizeBytes
  return bytes.subarray(start, start + bytes.readUIntBE(1, sizeBytes))
}

/** RFC 9580, 5.2.3.7: 33 is the issuer's fingerprint after a version byte, 16 its key id. */
function issuerIn(subpackets: Buffer): string | undefined {
  let keyId: string | undefined
  let at = 0
  while (at < subpackets.length) {
    const length = lengthAt(subpackets, at)
    if (length === undefined || length.value === 0) return keyId
    const body = subpackets.subarray(length.next, length.next + length.value)
    const type = (body[0] ?? 0) & 0x7f
    if (type === 33) return body.subarray(2).toString('hex').toUpperCase()
    if (type === 16) keyId = body.subarray(1, 9).toString('hex').toUpperCase()
    at = length.next + length.value
  }
  return keyId
}

function lengthAt(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  const first = bytes[at]
  if (first === undefined) return undefined
  if (first < 192) return { value: first, next: at + 1 }
  if (first === 255)
    return bytes.length < at + 5 ? undefined : { value: bytes.readUInt32BE(at + 1), next: at + 5 }
  return { value: ((first - 192) << 8) + (bytes[at + 1] ?? 0) + 192, next: at + 2 }
}
