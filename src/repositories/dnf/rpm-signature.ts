import type { Storage } from '../../storage/storage.ts'

const leadBytes = 96
const headerMagic = Buffer.from('8eade801', 'hex')
// RSA, DSA and OpenPGP signatures of the header; old ones over header and payload (rpmtag.h).
const signatureTags = new Set([268, 267, 278, 1002, 1005])
// Real signature headers have a dozen entries; they come right behind the lead.
const firstBytes = 4096

/** Whether the package file carries a signature of its own, by reading only its beginning. Undefined: there is no such file. */
export async function hasSignature(
  storage: Storage,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean | undefined> {
  const stored = await storage.get(path, { range: { start: 0, end: firstBytes }, signal })
  if (stored === undefined) return undefined
  const bytes = Buffer.from(await stored.bytes())
  if (bytes.length < leadBytes + 16 || !bytes.subarray(leadBytes, leadBytes + 4).equals(headerMagic))
    return false
  const count = bytes.readUInt32BE(leadBytes + 8)
  for (let entry = 0; entry < count; entry++) {
    const at = leadBytes + 16 + entry * 16
    if (at + 4 > bytes.length) return false
    if (signatureTags.has(bytes.readUInt32BE(at))) return true
  }
  return false
}
