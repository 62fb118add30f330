import { type ResumableAlgorithm, type ResumableHash, resumableHash } from '../../lib/resumable-hash.ts'
import type { PerAlgorithm } from './index-state.ts'

/** The digests of a body that grows: its size, and states that can be kept in between. */
export class RunningDigests {
  readonly #hashes: readonly (readonly [ResumableAlgorithm, ResumableHash])[]
  #sizeBytes: number

  private constructor(hashes: readonly (readonly [ResumableAlgorithm, ResumableHash])[], sizeBytes: number) {
    this.#hashes = hashes
    this.#sizeBytes = sizeBytes
  }

  /** From the beginning, or from what was kept; an algorithm without a state cannot be gone on with. */
  static async start(
    algorithms: readonly ResumableAlgorithm[],
    kept?: { readonly sizeBytes: number; readonly states: PerAlgorithm },
  ): Promise<RunningDigests> {
    const hashes = await Promise.all(
      algorithms.map(async (name) => [name, await resumableHash(name, kept?.states[name])] as const),
    )
    return new RunningDigests(hashes, kept?.sizeBytes ?? 0)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  update(bytes: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(bytes)
    this.#sizeBytes += bytes.length
  }

  save(): { sizeBytes: number; states: PerAlgorithm } {
    const states = Object.fromEntries(this.#hashes.map(([name, hash]) => [name, hash.save()]))
    return { sizeBytes: this.#sizeBytes, states }
  }

  /** Ends it. */
  finish(): { sizeBytes: number; digests: PerAlgorithm } {
    const digests = Object.fromEntries(this.#hashes.map(([name, hash]) => [name, hash.digest()]))
    return { sizeBytes: this.#sizeBytes, digests }
  }
}
