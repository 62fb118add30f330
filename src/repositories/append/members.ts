/**
 * A tail of this much text is sealed. A member of 48 KiB of stanzas is about 12 kB compressed, and a body of such members
 * about 5 % larger than one of a single member.
 */
export const sealAtBytes = 48 << 10

/** No member has more text, unless one fragment does: readers and writers work on one member at a time. */
export const memberBytesMax = 1 << 20

/** Fragments in members of about `memberBytesMax`, cut between fragments. */
export function cutMembers(fragments: readonly Uint8Array[]): readonly Uint8Array[] {
  const members: Uint8Array[] = []
  let pending: Uint8Array[] = []
  let sizeBytes = 0
  for (const fragment of fragments) {
    if (sizeBytes > 0 && sizeBytes + fragment.length > memberBytesMax) {
      members.push(Buffer.concat(pending))
      pending = []
      sizeBytes = 0
    }
    pending.push(fragment)
    sizeBytes += fragment.length
  }
  if (pending.length > 0) members.push(Buffer.concat(pending))
  return members
}
