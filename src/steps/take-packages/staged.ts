import type { ArtifactKind } from '../../artifacts/artifact.ts'
import type { PackageEntry } from '../../repositories/repository-format.ts'
import type { TestRecord } from '../test-records.ts'

/** A package where it is tested. */
export interface Staged {
  readonly entry: PackageEntry
  readonly kind: ArtifactKind
  /** Undefined: no test of it is recorded. */
  readonly tests: TestRecord | undefined
}

export interface Found {
  readonly staged: readonly Staged[]
  /** All bytes are in the store and in dist/. */
  readonly isHere: boolean
}
