import type { HeaderValues } from './header-values.ts'
import { packetBody } from './signature.ts'
import type { SignatureTag } from './tags.ts'

/** What a signature of a package says of how it was made. Numbers are those of RFC 9580, 9.1 and 9.5. */
export interface RpmSignatureInfo {
  readonly covers: 'header' | 'header and payload'
  /** Of the signature packet: 3, 4 or 6. */
  readonly version: number
  readonly keyAlgorithm: number
  readonly digestAlgorithm: number
}

/** All signatures that a package carries; those that say nothing readable are left out. */
export function signaturesOf(signature: HeaderValues<SignatureTag>): readonly RpmSignatureInfo[] {
  const packets = (tag: SignatureTag): readonly Uint8Array[] => {
    const bytes = signature.bytes(tag)
    return bytes === undefined ? [] : [bytes]
  }
  const openpgp = signature.texts('openpgp').map((text) => Buffer.from(text, 'base64'))
  return [
    ...[...packets('rsaHeader'), ...packets('dsaHeader'), ...openpgp].flatMap(infoOf('header')),
    ...[...packets('pgp'), ...packets('gpg')].flatMap(infoOf('header and payload')),
  ]
}

const infoOf =
  (covers: RpmSignatureInfo['covers']) =>
  (packet: Uint8Array): readonly RpmSignatureInfo[] => {
    const body = packetBody(packet)
    const [version] = body
    // RFC 9580, 5.2.2 and 5.2.3: a version 3 packet has time and key id before the algorithms.
    const at = version === 3 ? 15 : 2
    const [keyAlgorithm, digestAlgorithm] = body.subarray(at, at + 2)
    if (version === undefined || keyAlgorithm === undefined || digestAlgorithm === undefined) return []
    return [{ covers, version, keyAlgorithm, digestAlgorithm }]
  }
