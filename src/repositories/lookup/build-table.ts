import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LookupRoot, NodeRef } from './lookup-root.ts'
import {
  compareRecords,
  decodeLeafRecords,
  encodeLeaf,
  fanOut,
  isLeafCount,
  type LookupRecord,
} from './node.ts'
import { type PackSink, writeNode, writeRecords } from './update-table.ts'

export interface BuiltTable {
  readonly root: LookupRoot
  readonly pack: { readonly sha256: string; readonly file: string; readonly sizeBytes: number } | undefined
}

/** Makes a table of any number of records; equal to adding them one by one. */
export interface LookupBuilder {
  add(record: LookupRecord): Promise<void>
  finish(): Promise<BuiltTable>
}

/** Two records of one package (key, sha256 and path) that become one. */
export type MergeRecords = (a: LookupRecord, b: LookupRecord) => LookupRecord

const bucketCount = fanOut * fanOut
const bufferedMax = 32 * 1024

/** Records go to 256 files by the first byte of their keys, so that memory holds one of them at a time. */
export async function lookupBuilder(folder: string, merge: MergeRecords): Promise<LookupBuilder> {
  const buckets = new Buckets(folder)
  return {
    add: (record) => buckets.add(record),
    async finish() {
      await buckets.flush()
      const file = join(folder, 'lookup-pack')
      const pack = new PackFile(file)
      const root = await writeTable(buckets, pack, merge)
      const { sha256, sizeBytes } = await pack.close()
      if (root === undefined) return { root: null, pack: undefined }
      return { root: { ...root, pack: sha256 }, pack: { sha256, file, sizeBytes } }
    },
  }
}

class Buckets {
  readonly #folder: string
  readonly #buffered: LookupRecord[][] = Array.from({ length: bucketCount }, () => [])
  readonly #spilled = new Set<number>()
  #count = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  async add(record: LookupRecord): Promise<void> {
    this.#buffered[record.key[0] ?? 0]?.push(record)
    this.#count++
    if (this.#count >= bufferedMax) await this.flush()
  }

  async flush(): Promise<void> {
    for (const [bucket, records] of this.#buffered.entries()) {
      if (records.length === 0) continue
      const handle: FileHandle = await open(this.#file(bucket), 'a')
      try {
        const bytes = encodeLeaf(records)
        const length = Buffer.alloc(4)
        length.writeUInt32BE(bytes.length)
        await handle.appendFile(Buffer.concat([length, bytes]))
      } finally {
        await handle.close()
      }
      this.#spilled.add(bucket)
      this.#buffered[bucket] = []
    }
    this.#count = 0
  }

  #file(bucket: number): string {
    return join(this.#folder, `lookup-${bucket}`)
  }

  /** Sorted, each package once. */
  async read(bucket: number, merge: MergeRecords): Promise<readonly LookupRecord[]> {
    if (!this.#spilled.has(bucket)) return []
    const bytes = await readFile(this.#file(bucket))
    const records: LookupRecord[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + 4 + bytes.readUInt32BE(at)
      records.push(...decodeLeafRecords(bytes.subarray(at + 4, end)))
      at = end
    }
    return merged(records.toSorted(compareRecords), merge)
  }
}

function merged(records: readonly LookupRecord[], merge: MergeRecords): readonly LookupRecord[] {
  const result: LookupRecord[] = []
  for (const record of records) {
    const last = result.at(-1)
    if (last !== undefined && compareRecords(last, record) === 0)
      result[result.length - 1] = merge(last, record)
    else result.push(record)
  }
  return result
}

/** Two levels by hand, since their records are never in memory together; the rest is as in an update. */
async function writeTable(
  buckets: Buckets,
  sink: PackFile,
  merge: MergeRecords,
): Promise<NodeRef | undefined> {
  const few: LookupRecord[] = []
  const children: (NodeRef | undefined)[] = []
  let count = 0
  for (let branch = 0; branch < fanOut; branch++) {
    const { ref, records } = await writeBranch(buckets, branch, sink, merge)
    children.push(ref)
    count += ref?.count ?? 0
    if (isLeafCount(count, 0)) few.push(...records)
    await sink.drained()
  }
  if (isLeafCount(count, 0)) return writeRecords(few, 0, sink)
  return writeNode({ kind: 'inner', children }, count, sink)
}

async function writeBranch(buckets: Buckets, branch: number, sink: PackFile, merge: MergeRecords) {
  const below: (NodeRef | undefined)[] = []
  const few: LookupRecord[] = []
  let count = 0
  for (let bucket = branch * fanOut; bucket < (branch + 1) * fanOut; bucket++) {
    const records = await buckets.read(bucket, merge)
    below.push(writeRecords(records, 2, sink))
    count += records.length
    if (isLeafCount(count, 1)) few.push(...records)
    await sink.drained()
  }
  if (count === 0) return { ref: undefined, records: [] }
  if (isLeafCount(count, 1)) return { ref: writeRecords(few, 1, sink), records: few }
  return { ref: writeNode({ kind: 'inner', children: below }, count, sink), records: [] }
}

/** A pack that is written to a file; its digest is known at the end. */
class PackFile implements PackSink {
  readonly #stream: ReturnType<typeof createWriteStream>
  readonly #hash = createHash('sha256')
  #offset = 0

  constructor(file: string) {
    this.#stream = createWriteStream(file)
  }

  write(bytes: Uint8Array): number {
    this.#hash.update(bytes)
    this.#stream.write(bytes)
    this.#offset += bytes.length
    return this.#offset - bytes.length
  }

  /** Waits until what was written is no longer in memory. */
  drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(Buffer.alloc(0), (error) => (error ? reject(error) : resolve()))
    })
  }

  async close(): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
    await this.drained()
    await new Promise<void>((resolve, reject) => {
      this.#stream.once('error', reject)
      this.#stream.end(resolve)
    })
    return { sha256: this.#hash.digest('hex'), sizeBytes: this.#offset }
  }
}
