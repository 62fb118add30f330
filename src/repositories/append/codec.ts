import { gzipMember } from '../../archive/compress-gzip.ts'
import { zstdFrame } from '../../archive/compress-zstd.ts'
import type { FormKind } from './index-state.ts'
import { xzCodec } from './xz-codec.ts'

/** Unpadded and uncompressed size of an xz block. */
export type TableRow = [unpaddedBytes: number, plainBytes: number]

export interface Member {
  readonly bytes: Uint8Array
  readonly row?: TableRow
}

/**
 * How a compressed index is put together: prefix, members that are compressed independently, suffix. Only the suffix
 * depends on all members, so a body is extended by replacing its last member and what follows.
 */
export interface MemberCodec {
  readonly prefix: Uint8Array
  encode(plain: Uint8Array): Promise<Member>
  /** After the last member, given the rows of all of them. */
  suffix(table: readonly TableRow[]): Uint8Array
  /** Has a table that must be kept. */
  readonly hasTable: boolean
}

const nothing = new Uint8Array(0)

// Speed counts on every publish, size on every download: these are the knees of the curves.
const gzipLevel = 6
const zstdLevel = 10

/** gzip members (RFC 1952, 2.2) and zstd frames (RFC 8878, 3) simply follow each other. */
export const codecs: Record<FormKind, MemberCodec> = {
  gzip: {
    prefix: nothing,
    encode: async (plain) => ({ bytes: await gzipMember(plain, gzipLevel) }),
    suffix: () => nothing,
    hasTable: false,
  },
  zstd: {
    prefix: nothing,
    encode: async (plain) => ({ bytes: await zstdFrame(plain, zstdLevel) }),
    suffix: () => nothing,
    hasTable: false,
  },
  xz: xzCodec,
}
