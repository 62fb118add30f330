import { createHash } from 'node:crypto'
import { UserError } from '../../errors.ts'
import type { Signer } from '../../signing/signer.ts'
import { smallSizeMax } from './content.ts'
import { encodeSignatureHeader, type TagValues } from './encode-header.ts'
import { leadBytes } from './lead.ts'
import type { SignatureTag } from './tags.ts'

/**
 * Where the main header begins in every package. The signature header is filled up to it with rpm's reserved space
 * (as rpmbuild does with 4 KiB), so the payload can be written before the signature's length is known, and `rpmsign`
 * can add a signature later without moving anything.
 */
export const mainHeaderOffset = 4096

export interface SignatureInput {
  readonly mainHeader: Uint8Array
  readonly payloadBytes: number
  readonly archiveBytes: number
  readonly epoch: number
  readonly signer: Signer | undefined
}

export async function signatureHeader(input: SignatureInput): Promise<Uint8Array> {
  const values = { ...digestTags(input), ...(await signatureTag(input)) }
  const bytes = mainHeaderOffset - leadBytes
  const reservedBytes =
    bytes - encodeSignatureHeader({ ...values, reservedSpace: new Uint8Array(1) }).length + 1
  if (reservedBytes < 1) {
    throw new UserError('RPM_SIGNATURE_TOO_LARGE', `The key makes signatures too large for an rpm header.`, {
      hint: 'Sign with an RSA key of 2048 to 8192 bits, or with an Ed25519 key.',
    })
  }
  return encodeSignatureHeader({ ...values, reservedSpace: new Uint8Array(reservedBytes) })
}

function digestTags({ mainHeader, payloadBytes, archiveBytes }: SignatureInput): TagValues<SignatureTag> {
  const signedBytes = mainHeader.length + payloadBytes
  return {
    sha256Header: createHash('sha256').update(mainHeader).digest('hex'),
    // Old readers know no other; rpm 6 ignores it.
    sha1Header: createHash('sha1').update(mainHeader).digest('hex'),
    ...(signedBytes > smallSizeMax ? { longSize: [signedBytes] } : { size: [signedBytes] }),
    ...(archiveBytes > smallSizeMax ? { longArchiveSize: [archiveBytes] } : { payloadSize: [archiveBytes] }),
  }
}

async function signatureTag({ mainHeader, epoch, signer }: SignatureInput): Promise<TagValues<SignatureTag>> {
  if (signer === undefined) return {}
  const signature = await signer.signDetached(mainHeader, new Date(epoch * 1000))
  return isRsa(signature) ? { rsaHeader: signature } : { dsaHeader: signature }
}

const rsaAlgorithms: readonly number[] = [1, 3]

function isRsa(packet: Uint8Array): boolean {
  // RFC 9580, 5.2.3: version, type, public-key algorithm.
  return rsaAlgorithms.includes(packetBody(packet)[2] ?? 0)
}

/** RFC 9580, 4.2: the body of one packet, in the new or the legacy format of its length. */
export function packetBody(packet: Uint8Array): Uint8Array {
  const [tag = 0, first = 0] = packet
  const isNewFormat = (tag & 0x40) !== 0
  if (!isNewFormat) return packet.subarray(1 + (1 << (tag & 0x03)))
  if (first < 192) return packet.subarray(2)
  return packet.subarray(first < 224 ? 3 : 6)
}

const issuerFingerprint = 33
const issuerKeyId = 16

/** Fingerprint or key id of whoever made a v4 signature, in upper-case hex; undefined when the packet does not say. */
export function issuerOf(packet: Uint8Array): string | undefined {
  const body = Buffer.from(packetBody(packet))
  if (body[0] !== 4 || body.length < 10) return undefined
  const hashedBytes = body.readUInt16BE(4)
  const hashed = body.subarray(6, 6 + hashedBytes)
  const rest = body.subarray(6 + hashedBytes)
  const unhashed = rest.length < 2 ? rest : rest.subarray(2, 2 + rest.readUInt16BE(0))
  // The fingerprint's first byte is the version of the key.
  const fingerprint = subpacket(hashed, issuerFingerprint)?.subarray(1)
  const found = fingerprint ?? subpacket(unhashed, issuerKeyId) ?? subpacket(hashed, issuerKeyId)
  return found?.toString('hex').toUpperCase()
}

function subpacket(area: Buffer, wanted: number): Buffer | undefined {
  for (let at = 0; at < area.length; ) {
    const { start, length } = subpacketLength(area, at)
    if (length < 1 || start + length > area.length) return undefined
    // The high bit only says that the subpacket is critical.
    if (((area[start] ?? 0) & 0x7f) === wanted) return area.subarray(start + 1, start + length)
    at = start + length
  }
  return undefined
}

/** RFC 9580, 5.2.3.7: one, two or five bytes. */
function subpacketLength(area: Buffer, at: number): { start: number; length: number } {
  const first = area[at] ?? 0
  if (first < 192) return { start: at + 1, length: first }
  if (first < 255) return { start: at + 2, length: ((first - 192) << 8) + (area[at + 1] ?? 0) + 192 }
  return { start: at + 5, length: at + 5 <= area.length ? area.readUInt32BE(at + 1) : 0 }
}
