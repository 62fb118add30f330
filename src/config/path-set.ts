import type { Path } from './finding.ts'

/** Places in the file. Looking one up takes as long as its path, however many there are. */
export class PathSet {
  readonly #keys = new Set<string>()

  add(path: Path): void {
    this.#keys.add(keyOf(path))
  }

  has(path: Path): boolean {
    return this.#keys.has(keyOf(path))
  }

  /** Whether the path or one of its parents is in the set. */
  covers(path: Path): boolean {
    for (let length = 0; length <= path.length; length++) {
      if (this.has(path.slice(0, length))) return true
    }
    return false
  }
}

const keyOf = (path: Path): string => JSON.stringify(path)
