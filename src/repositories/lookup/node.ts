import { createHash } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { branchOf, keyBytes } from './keys.ts'
import type { NodeRef } from './lookup-root.ts'

export interface LookupRecord {
  readonly key: Uint8Array
  /** Hex. */
  readonly sha256: string
  readonly path: string
  readonly sizeBytes: number
  /** Number of the set of indexes that list it. */
  readonly set: number
}

/**
 * A leaf holds records, sorted; an inner node has a child for each value of the next four bits of the key. Which of them
 * stands somewhere is decided by the number of records alone, so that the same records always make the same nodes.
 */
export type Node =
  | { readonly kind: 'leaf'; readonly records: readonly LookupRecord[] }
  | { readonly kind: 'inner'; readonly children: readonly (NodeRef | undefined)[] }

/** More records than this make an inner node. */
export const leafRecordsMax = 128
export const fanOut = 16
/** Below it all bits of the key are used up: a leaf of any size. */
export const depthMax = keyBytes * 2

export const isLeafCount = (count: number, depth: number): boolean =>
  count <= leafRecordsMax || depth >= depthMax

/** The records of the table are damaged, or are not there. They can be made again from the indexes. */
export class LookupDamagedError extends UserError {
  override readonly name = 'LookupDamagedError'

  constructor({ pack, offset }: Pick<NodeRef, 'pack' | 'offset'>) {
    super(
      'REPOSITORY_RECORDS_DAMAGED',
      `The lookup table beside the repository is damaged: pack ${pack}, byte ${offset}.`,
      {
        hint:
          'The repository itself is not: the next publish makes the table again from the indexes. Older generations can no longer be ' +
          'compared with; "hawser repo gc NAME --keep 1" deletes their records after that publish.',
      },
    )
  }
}

const version = 1
const kinds = { leaf: 0, inner: 1 } as const
const recordHeadBytes = keyBytes + 32 + 2 + 6 + 2
const childBytes = 32 + 6 + 4 + 32 + 4
/** In a child's place for its pack: the pack that the node itself is in, whose digest is not known yet. */
const samePack = Buffer.alloc(32)

export function compareRecords(a: LookupRecord, b: LookupRecord): number {
  return Buffer.compare(a.key, b.key) || compareText(a.sha256, b.sha256) || compareText(a.path, b.path)
}

const compareText = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Version, kind, count, then for each record: key, sha256, set, size, length of the path, path. All numbers big-endian. */
export function encodeLeaf(records: readonly LookupRecord[]): Buffer {
  const parts: Buffer[] = [Buffer.from([version, kinds.leaf, 0, 0, 0, 0])]
  parts[0]?.writeUInt32BE(records.length, 2)
  for (const { key, sha256, path, sizeBytes, set } of records) {
    const text = Buffer.from(path)
    const head = Buffer.alloc(recordHeadBytes)
    head.set(key, 0)
    head.write(sha256, keyBytes, 'hex')
    head.writeUInt16BE(set, keyBytes + 32)
    head.writeUIntBE(sizeBytes, keyBytes + 34, 6)
    head.writeUInt16BE(text.length, keyBytes + 40)
    parts.push(head, text)
  }
  return Buffer.concat(parts)
}

/** Version, kind, then for each of the sixteen children: its pack, offset, length, digest and count; zeros for none. */
export function encodeInner(children: readonly (NodeRef | undefined)[], ownPack: string): Buffer {
  const bytes = Buffer.alloc(2 + fanOut * childBytes)
  bytes[0] = version
  bytes[1] = kinds.inner
  for (const [index, child] of children.entries()) {
    if (child === undefined) continue
    let at = 2 + index * childBytes
    bytes.set(child.pack === ownPack ? samePack : Buffer.from(child.pack, 'hex'), at)
    at = bytes.writeUIntBE(child.offset, at + 32, 6)
    at = bytes.writeUInt32BE(child.length, at)
    bytes.write(child.sha256, at, 'hex')
    bytes.writeUInt32BE(child.count, at + 32)
  }
  return bytes
}

/** Of a leaf: its bytes. Of an inner node: the digests and counts of its children, wherever they are stored. */
export function digestOfNode(node: Node): string {
  const hash = createHash('sha256')
  if (node.kind === 'leaf') return hash.update(encodeLeaf(node.records)).digest('hex')
  hash.update(Buffer.from([version, kinds.inner]))
  for (const child of node.children)
    hash.update(child === undefined ? '-' : `${child.sha256} ${child.count}\n`)
  return hash.digest('hex')
}

/** Reads a node that a reference names; anything else than that node is damage. */
export function decodeNode(bytes: Uint8Array, ref: NodeRef, depth: number): Node {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const node = buffer.length === ref.length ? decode(buffer, ref.pack) : undefined
  if (node === undefined || digestOfNode(node) !== ref.sha256) throw damaged(ref)
  // The digest is right, so these hold unless the table was written wrongly.
  const count =
    node.kind === 'leaf'
      ? node.records.length
      : node.children.reduce((sum, child) => sum + (child?.count ?? 0), 0)
  if (count !== ref.count || (node.kind === 'leaf') !== isLeafCount(count, depth)) throw damaged(ref)
  return node
}

export const damaged = (ref: NodeRef): LookupDamagedError => new LookupDamagedError(ref)

function decode(bytes: Buffer, pack: string): Node | undefined {
  if (bytes.length < 6 || bytes[0] !== version) return undefined
  if (bytes[1] === kinds.leaf) return decodeLeaf(bytes)
  return bytes[1] === kinds.inner ? decodeInner(bytes, pack) : undefined
}

/** Records that this process wrote a moment ago. */
export function decodeLeafRecords(bytes: Buffer): readonly LookupRecord[] {
  const node = decodeLeaf(bytes)
  if (node?.kind !== 'leaf') throw new Error('A temporary file of the lookup table was changed')
  return node.records
}

function decodeLeaf(bytes: Buffer): Node | undefined {
  const count = bytes.readUInt32BE(2)
  const records: LookupRecord[] = []
  let at = 6
  for (let index = 0; index < count; index++) {
    if (at + recordHeadBytes > bytes.length) return undefined
    const pathBytes = bytes.readUInt16BE(at + keyBytes + 40)
    const end = at + recordHeadBytes + pathBytes
    if (end > bytes.length) return undefined
    records.push({
      key: bytes.subarray(at, at + keyBytes),
      sha256: bytes.toString('hex', at + keyBytes, at + keyBytes + 32),
      set: bytes.readUInt16BE(at + keyBytes + 32),
      sizeBytes: bytes.readUIntBE(at + keyBytes + 34, 6),
      path: bytes.toString('utf8', at + recordHeadBytes, end),
    })
    at = end
  }
  return at === bytes.length ? { kind: 'leaf', records } : undefined
}

function decodeInner(bytes: Buffer, ownPack: string): Node | undefined {
  if (bytes.length !== 2 + fanOut * childBytes) return undefined
  const children = Array.from({ length: fanOut }, (_, index): NodeRef | undefined => {
    const at = 2 + index * childBytes
    const count = bytes.readUInt32BE(at + 74)
    if (count === 0) return undefined
    const pack = bytes.subarray(at, at + 32)
    return {
      pack: pack.equals(samePack) ? ownPack : pack.toString('hex'),
      offset: bytes.readUIntBE(at + 32, 6),
      length: bytes.readUInt32BE(at + 38),
      sha256: bytes.toString('hex', at + 42, at + 74),
      count,
    }
  })
  return { kind: 'inner', children }
}

/** Sorted records, by the child that they belong to. */
export function byBranch<Item extends { readonly key: Uint8Array }>(
  items: readonly Item[],
  depth: number,
): readonly (readonly Item[])[] {
  const branches: Item[][] = Array.from({ length: fanOut }, () => [])
  for (const item of items) branches[branchOf(item.key, depth)]?.push(item)
  return branches
}
