import type { CompressionKind } from '../archive/compression.ts'
import type { Fact } from './evidence.ts'
import type { VerifierName } from './verifiers.ts'

/** What a client of package repositories can read; every cell says how it is known. */
export interface Client {
  /** For people: the distribution and its programs. */
  readonly title: string
  /** Compressions of indexes. */
  readonly indexes: Fact<readonly CompressionKind[]>
  /** Compressions of what packages hold; undefined where it never opens packages. */
  readonly packages: Fact<readonly CompressionKind[]> | undefined
  /** Everything in it that checks signatures; a key must suit all of them. */
  readonly verifiers: Fact<readonly VerifierName[]>
  /** The shortest RSA key that it accepts, in bits. */
  readonly rsaBitsMin: Fact<number>
}

export interface DebianClient extends Client {
  /** Finds indexes by their hash, without the usual names. */
  readonly byHash: Fact<boolean>
}

export interface RpmClient extends Client {
  /** Accepts packages that are signed with SHA-1. */
  readonly sha1: Fact<boolean>
  /** Wants the old signature over header and payload (tag 1002 or 1005) beside that of the header. */
  readonly payloadSignature: Fact<boolean>
}
