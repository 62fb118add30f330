import { createHash } from 'node:crypto'

/** Where a row is; for `size`, `mark`. */
export type Row = number

/**
 * Paths with a size and marks, in about 25 bytes each: a million of them fit where a Map of strings would need hundreds of
 * megabytes. A path is its 64-bit hash (of SHA-256): the chance that two of a million collide is 1 in 30 million.
 */
export class PathTable {
  #low: Uint32Array
  #high: Uint32Array
  #sizes: Float64Array
  #marks: Uint8Array
  #count = 0

  constructor(capacity = 1024) {
    this.#low = new Uint32Array(capacity)
    this.#high = new Uint32Array(capacity)
    this.#sizes = new Float64Array(capacity)
    this.#marks = new Uint8Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  /** The row of a path; undefined when it was never added. */
  find(path: string): Row | undefined {
    const [low, high] = hashOf(path)
    const row = this.#slotOf(low, high)
    return this.#isFree(row) ? undefined : row
  }

  /** Adds a path, or gives the row that it has; `isNew` tells which. Rows move when the table grows: use them before the next `add`. */
  add(path: string, sizeBytes: number): { readonly row: Row; readonly isNew: boolean } {
    if ((this.#count + 1) * 2 > this.#low.length) this.#grow()
    const [low, high] = hashOf(path)
    const row = this.#slotOf(low, high)
    if (!this.#isFree(row)) return { row, isNew: false }
    this.#low[row] = low
    this.#high[row] = high
    this.#sizes[row] = sizeBytes
    this.#count++
    return { row, isNew: true }
  }

  size(row: Row): number {
    return this.#sizes[row] ?? 0
  }

  isMarked(row: Row, mark: number): boolean {
    return ((this.#marks[row] ?? 0) & mark) !== 0
  }

  mark(row: Row, mark: number): void {
    this.#marks[row] = (this.#marks[row] ?? 0) | mark
  }

  countMarked(mark: number): number {
    let count = 0
    for (const marks of this.#marks) if ((marks & mark) !== 0) count++
    return count
  }

  #isFree(row: Row): boolean {
    return this.#low[row] === 0 && this.#high[row] === 0
  }

  #slotOf(low: number, high: number): Row {
    const mask = this.#low.length - 1
    let row = low & mask
    while (!this.#isFree(row) && (this.#low[row] !== low || this.#high[row] !== high)) row = (row + 1) & mask
    return row
  }

  #grow(): void {
    const { length } = this.#low
    const bigger = new PathTable(length * 2)
    for (let row = 0; row < length; row++) {
      const [low = 0, high = 0] = [this.#low[row], this.#high[row]]
      if (low === 0 && high === 0) continue
      const to = bigger.#slotOf(low, high)
      bigger.#low[to] = low
      bigger.#high[to] = high
      bigger.#sizes[to] = this.size(row)
      bigger.#marks[to] = this.#marks[row] ?? 0
    }
    this.#low = bigger.#low
    this.#high = bigger.#high
    this.#sizes = bigger.#sizes
    this.#marks = bigger.#marks
  }
}

function hashOf(path: string): readonly [number, number] {
  const digest = createHash('sha256').update(path).digest()
  // 0, 0 means a free row.
  return [digest.readUInt32LE(0) || 1, digest.readUInt32LE(4)]
}
