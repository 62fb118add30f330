import { createMD5, createSHA1, createSHA256, createSHA512, type IHasher } from 'hash-wasm'

/** Digests whose computation can be stopped, kept as text, and gone on with. */
export const resumableAlgorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const
export type ResumableAlgorithm = (typeof resumableAlgorithms)[number]

/** A kept state that cannot be gone on with: damaged, or of another version of the codec. */
export class HashStateError extends Error {
  override readonly name = 'HashStateError'
}

export interface ResumableHash {
  update(bytes: Uint8Array): void
  /** The state so far, as base64. */
  save(): string
  /** Hex. Ends it. */
  digest(): string
}

const makers: Record<ResumableAlgorithm, () => Promise<IHasher>> = {
  md5: createMD5,
  sha1: createSHA1,
  sha256: createSHA256,
  sha512: createSHA512,
}

/** node:crypto is four times faster, and cannot keep a state: this is for where one is needed. */
export async function resumableHash(algorithm: ResumableAlgorithm, state?: string): Promise<ResumableHash> {
  const hasher = (await makers[algorithm]()).init()
  if (state !== undefined) load(hasher, state)
  return {
    update: (bytes) => void hasher.update(bytes),
    save: () => Buffer.from(hasher.save()).toString('base64'),
    digest: () => hasher.digest('hex'),
  }
}

function load(hasher: IHasher, state: string): void {
  try {
    hasher.load(Buffer.from(state, 'base64'))
  } catch (cause) {
    // The library throws plain errors for a wrong length, and for a state of another version of itself.
    throw new HashStateError('The state of a digest cannot be gone on with.', { cause })
  }
}
