import { createHash } from 'node:crypto'
import type { LookupRoot, NodeRef } from './lookup-root.ts'
import {
  byBranch,
  compareRecords,
  digestOfNode,
  encodeInner,
  encodeLeaf,
  isLeafCount,
  type LookupRecord,
  type Node,
} from './node.ts'
import { type ReadRange, readNode, scan } from './read-table.ts'

export interface LookupChanges {
  readonly add: readonly LookupRecord[]
  readonly remove: readonly LookupRecord[]
}

/** New nodes, in one object whose name is its digest. */
export interface LookupPack {
  readonly sha256: string
  readonly bytes: Uint8Array
}

/** Receives encoded nodes; tells where in the pack each one begins. */
export interface PackSink {
  write(bytes: Uint8Array): number
}

// Stands for the pack that is being written, until its digest is known.
export const ownPack = 'own'

/**
 * The table with some records more and some less. Only touched nodes are read, and only new ones are written; nothing
 * changes when everything is so already.
 */
export async function update(
  root: LookupRoot,
  { add, remove }: LookupChanges,
  read: ReadRange,
): Promise<{ readonly root: LookupRoot; readonly pack: LookupPack | undefined }> {
  if (add.length === 0 && remove.length === 0) return { root, pack: undefined }
  const chunks: Uint8Array[] = []
  let offset = 0
  const sink: PackSink = {
    write(bytes) {
      chunks.push(bytes)
      offset += bytes.length
      return offset - bytes.length
    },
  }
  const changed = await updateNode(root ?? undefined, changesOf(add, remove), 0, { read, sink })
  if (changed?.pack !== ownPack) return { root: changed ?? null, pack: undefined }
  const bytes = Buffer.concat(chunks)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { root: { ...changed, pack: sha256 }, pack: { sha256, bytes } }
}

interface Change {
  readonly key: Uint8Array
  readonly record: LookupRecord
  readonly isRemoval: boolean
}

const changesOf = (add: readonly LookupRecord[], remove: readonly LookupRecord[]): readonly Change[] => [
  // What is removed and added in one go stays.
  ...remove.map((record) => ({ key: record.key, record, isRemoval: true })),
  ...add.map((record) => ({ key: record.key, record, isRemoval: false })),
]

interface Ports {
  readonly read: ReadRange
  readonly sink: PackSink
}

/** The reference to what is there afterwards; the same one when nothing changed; undefined when nothing is left. */
async function updateNode(
  ref: NodeRef | undefined,
  changes: readonly Change[],
  depth: number,
  ports: Ports,
): Promise<NodeRef | undefined> {
  if (ref === undefined) return writeRecords(applied([], changes), depth, ports.sink)
  const node = await readNode(ref, depth, ports.read)
  if (node.kind === 'leaf') {
    const records = applied(node.records, changes)
    return isSame(records, node.records) ? ref : writeRecords(records, depth, ports.sink)
  }
  const branches = byBranch(changes, depth)
  const children: (NodeRef | undefined)[] = []
  for (const [branch, child] of node.children.entries()) {
    const below = branches[branch] ?? []
    children.push(below.length === 0 ? child : await updateNode(child, below, depth + 1, ports))
  }
  if (children.every((child, branch) => child === node.children[branch])) return ref
  const count = children.reduce((sum, child) => sum + (child?.count ?? 0), 0)
  if (!isLeafCount(count, depth)) return writeNode({ kind: 'inner', children }, count, ports.sink)
  return writeRecords(await collapsed(node, changes, depth, ports.read), depth, ports.sink)
}

/** So few records are left that a leaf is enough. */
async function collapsed(
  node: Node & { readonly kind: 'inner' },
  changes: readonly Change[],
  depth: number,
  read: ReadRange,
): Promise<readonly LookupRecord[]> {
  const records: LookupRecord[] = []
  for (const child of node.children) {
    for await (const record of scan(child ?? null, read, depth + 1)) records.push(record)
  }
  return applied(records, changes)
}

const identityOf = ({ key, sha256, path }: LookupRecord): string =>
  `${Buffer.from(key).toString('latin1')} ${sha256} ${path}`

function applied(records: readonly LookupRecord[], changes: readonly Change[]): readonly LookupRecord[] {
  const all = new Map(records.map((record) => [identityOf(record), record]))
  for (const { record, isRemoval } of changes) {
    if (isRemoval) all.delete(identityOf(record))
    else all.set(identityOf(record), record)
  }
  return [...all.values()].toSorted(compareRecords)
}

const isSame = (a: readonly LookupRecord[], b: readonly LookupRecord[]): boolean =>
  a.length === b.length && encodeLeaf(a).equals(encodeLeaf(b))

/** The nodes that these sorted records make, children before parents. */
export function writeRecords(
  records: readonly LookupRecord[],
  depth: number,
  sink: PackSink,
): NodeRef | undefined {
  if (records.length === 0) return undefined
  if (isLeafCount(records.length, depth)) return writeNode({ kind: 'leaf', records }, records.length, sink)
  const children = byBranch(records, depth).map((below) => writeRecords(below, depth + 1, sink))
  return writeNode({ kind: 'inner', children }, records.length, sink)
}

export function writeNode(node: Node, count: number, sink: PackSink): NodeRef {
  const bytes = node.kind === 'leaf' ? encodeLeaf(node.records) : encodeInner(node.children, ownPack)
  const offset = sink.write(bytes)
  return { pack: ownPack, offset, length: bytes.length, sha256: digestOfNode(node), count }
}
