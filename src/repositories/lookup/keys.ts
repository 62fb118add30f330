import { createHash } from 'node:crypto'

export const keyBytes = 16

/** Domain-separated, so that a package can never be taken for anything else. */
const keyOf = (kind: string, parts: readonly string[]): Uint8Array =>
  createHash('sha256')
    .update([kind, ...parts].join('\n'))
    .digest()
    .subarray(0, keyBytes)

export const packageKey = (name: string, version: string, architecture: string): Uint8Array =>
  keyOf('package', [name, version, architecture])

/** What `owner` put into an index that describes packages, so that the same lines are not put there again. */
export const onceKey = (index: string, owner: string): Uint8Array => keyOf('once', [index, owner])

export const hexKey = (key: Uint8Array): string => Buffer.from(key).toString('hex')

/** The child under which a key lies, `depth` levels below the root: four bits of the key. */
export function branchOf(key: Uint8Array, depth: number): number {
  const byte = key[depth >> 1] ?? 0
  return (depth & 1) === 0 ? byte >> 4 : byte & 0x0f
}
