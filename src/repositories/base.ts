import type { IndexState } from './append/index-state.ts'
import type { Generation } from './generation.ts'
import { emptyRoot, type LookupRoot } from './lookup/lookup-root.ts'
import type { IndexName } from './repository-format.ts'

/** What the next generation is made from. */
export interface Base {
  readonly indexes: ReadonlyMap<IndexName, IndexState>
  readonly lookup: LookupRoot
  readonly sets: readonly (readonly IndexName[])[]
}

export const emptyBase: Base = { indexes: new Map(), lookup: emptyRoot, sets: [[]] }

export const baseOf = ({ indexes, lookup, sets }: Generation): Base => ({
  indexes: new Map(Object.entries(indexes)),
  lookup,
  sets,
})

/** Numbers for sets of indexes: few sets exist, and every package has one. */
export class IndexSets {
  readonly sets: (readonly IndexName[])[]
  readonly #numbers: Map<string, number>

  constructor(known: readonly (readonly IndexName[])[]) {
    this.sets = known.length === 0 ? [[]] : [...known]
    this.#numbers = new Map(this.sets.map((names, number) => [names.join('\n'), number]))
  }

  numberOf(names: Iterable<IndexName>): number {
    const sorted = [...new Set(names)].toSorted()
    const key = sorted.join('\n')
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.sets.length)
    this.sets.push(sorted)
    return this.sets.length - 1
  }
}
