import { mapLimited } from '../../lib/limit.ts'
import { hexKey } from './keys.ts'
import type { LookupRoot, NodeRef } from './lookup-root.ts'
import {
  byBranch,
  compareRecords,
  damaged,
  decodeNode,
  isLeafCount,
  type LookupRecord,
  type Node,
} from './node.ts'

/** Bytes `start` up to `end` of a pack; undefined when there is no such pack. */
export type ReadRange = (pack: string, start: number, end: number) => Promise<Uint8Array | undefined>

const parallelMax = 8
// A leaf holds 128 records, or all variants of one identity.
const nodeBytesMax = 16 << 20

async function inParallel<Item>(items: readonly Item[], visit: (item: Item) => Promise<void>): Promise<void> {
  await mapLimited(items, parallelMax, visit, new AbortController().signal)
}

export async function readNode(ref: NodeRef, depth: number, read: ReadRange): Promise<Node> {
  if (ref.length > nodeBytesMax) throw damaged(ref)
  const bytes = await read(ref.pack, ref.offset, ref.offset + ref.length)
  if (bytes === undefined) throw damaged(ref)
  return decodeNode(bytes, ref, depth)
}

/** The records under these keys, by their hex; each node is read once. */
export async function find(
  root: LookupRoot,
  keys: readonly Uint8Array[],
  read: ReadRange,
): Promise<ReadonlyMap<string, readonly LookupRecord[]>> {
  const found = new Map<string, LookupRecord[]>()
  if (root === null || keys.length === 0) return found
  const unique = [...new Map(keys.map((key) => [hexKey(key), { key }])).values()]
  await findBelow(root, 0, unique)
  return found

  async function findBelow(
    ref: NodeRef,
    depth: number,
    wanted: readonly { readonly key: Uint8Array }[],
  ): Promise<void> {
    const node = await readNode(ref, depth, read)
    if (node.kind === 'leaf') {
      const names = new Set(wanted.map(({ key }) => hexKey(key)))
      for (const record of node.records) {
        const name = hexKey(record.key)
        if (names.has(name)) found.set(name, [...(found.get(name) ?? []), record])
      }
      return
    }
    const branches = byBranch(wanted, depth)
    const visits = node.children.flatMap((child, branch) => {
      const below = branches[branch] ?? []
      return child === undefined || below.length === 0 ? [] : [{ child, below }]
    })
    await inParallel(visits, ({ child, below }) => findBelow(child, depth + 1, below))
  }
}

/** All records in the order of their keys. */
export async function* scan(root: LookupRoot, read: ReadRange, depth = 0): AsyncGenerator<LookupRecord> {
  if (root === null) return
  const node = await readNode(root, depth, read)
  if (node.kind === 'leaf') yield* node.records
  else for (const child of node.children) yield* scan(child ?? null, read, depth + 1)
}

export interface Difference {
  /** Which table has the record; the other has not. */
  readonly side: 'a' | 'b'
  readonly record: LookupRecord
}

/** What two tables do not share; equal parts are not read. */
export async function* difference(
  a: LookupRoot,
  b: LookupRoot,
  read: ReadRange,
  depth = 0,
): AsyncGenerator<Difference> {
  if (a?.sha256 === b?.sha256 && a?.count === b?.count) return
  const areInner = [a, b].every((ref) => ref !== null && !isLeafCount(ref.count, depth))
  if (!areInner || a === null || b === null) {
    yield* mergeDifference(scan(a, read, depth), scan(b, read, depth))
    return
  }
  const [left, right] = await Promise.all([readNode(a, depth, read), readNode(b, depth, read)])
  if (left.kind !== 'inner' || right.kind !== 'inner') throw damaged(a)
  for (const [branch, child] of left.children.entries()) {
    yield* difference(child ?? null, right.children[branch] ?? null, read, depth + 1)
  }
}

async function* mergeDifference(
  a: AsyncGenerator<LookupRecord>,
  b: AsyncGenerator<LookupRecord>,
): AsyncGenerator<Difference> {
  let [left, right] = [await a.next(), await b.next()]
  while (left.done !== true || right.done !== true) {
    const order = orderOf(left, right)
    if (order < 0 && left.done !== true) yield { side: 'a', record: left.value }
    if (order > 0 && right.done !== true) yield { side: 'b', record: right.value }
    if (order <= 0) left = await a.next()
    if (order >= 0) right = await b.next()
  }
}

function orderOf(left: IteratorResult<LookupRecord>, right: IteratorResult<LookupRecord>): number {
  if (left.done === true) return 1
  if (right.done === true) return -1
  const { value: a } = left
  const { value: b } = right
  return compareRecords(a, b) || a.set - b.set || a.sizeBytes - b.sizeBytes
}

/** The packs that hold nodes of the table; leaves are not read. */
export async function packsOf(root: LookupRoot, read: ReadRange): Promise<ReadonlySet<string>> {
  const packs = new Set<string>()
  const visit = async (ref: NodeRef, depth: number): Promise<void> => {
    packs.add(ref.pack)
    if (isLeafCount(ref.count, depth)) return
    const node = await readNode(ref, depth, read)
    if (node.kind === 'leaf') return
    const children = node.children.filter((child) => child !== undefined)
    await inParallel(children, (child) => visit(child, depth + 1))
  }
  if (root !== null) await visit(root, 0)
  return packs
}
