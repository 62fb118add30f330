import type { Path } from './finding.ts'

/** Offset in the text. */
type Offset = number

/**
 * A value as it stands in the file, with its place. Values behind a YAML alias are shared, so a small file stays
 * small in memory whatever it says.
 */
export type Written = WrittenScalar | WrittenList | WrittenMap

export interface WrittenScalar {
  readonly kind: 'scalar'
  readonly at: Offset
  readonly end: Offset
  readonly value: string | number | boolean | null
  /** As typed: `0755` and `1.10` mean what they say where a text is wanted. */
  readonly text: string
}

export interface WrittenList {
  readonly kind: 'list'
  readonly at: Offset
  readonly items: readonly Written[]
}

export interface WrittenMap {
  readonly kind: 'map'
  readonly at: Offset
  readonly members: ReadonlyMap<string, WrittenMember>
}

export interface WrittenMember {
  readonly keyAt: Offset
  readonly value: Written
}

/** JSON-like values that schemas take; mutable, because invalid parts are cut out of them. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

export function plainOf(written: Written): Plain {
  if (written.kind === 'scalar') return written.value
  if (written.kind === 'list') return written.items.map(plainOf)
  return Object.fromEntries([...written.members].map(([key, member]) => [key, plainOf(member.value)]))
}

export function writtenAt(root: Written, path: Path): Written | undefined {
  let current: Written | undefined = root
  for (const part of path) {
    if (current === undefined) return undefined
    current = childOf(current, part)
  }
  return current
}

/** The text at a path, when there is a scalar. */
export function textAt(root: Written, path: Path): string | undefined {
  const found = writtenAt(root, path)
  return found?.kind === 'scalar' && found.value !== null ? found.text : undefined
}

/** The keys of the map at a path. */
export function keysAt(root: Written, path: Path): readonly string[] {
  const found = writtenAt(root, path)
  return found?.kind === 'map' ? [...found.members.keys()] : []
}

/** Where a path is in the text; the nearest parent that exists when it is not there itself. */
export function offsetOf(root: Written, path: Path, at: 'key' | 'value'): Offset {
  let offset = firstKeyOf(root) ?? root.at
  let current = root
  for (const [index, part] of path.entries()) {
    const isLast = index === path.length - 1
    const member = current.kind === 'map' ? current.members.get(String(part)) : undefined
    const child = childOf(current, part)
    if (child === undefined) return offset
    // A map or list that is missing something is shown by its key, where the reader's eye starts.
    const pointsAtKey = member !== undefined && (at === 'key' || !isLast || child.kind !== 'scalar')
    offset = pointsAtKey ? member.keyAt : child.at
    current = child
  }
  return offset
}

function childOf(written: Written, part: string | number): Written | undefined {
  if (written.kind === 'map') return written.members.get(String(part))?.value
  return written.kind === 'list' && typeof part === 'number' ? written.items[part] : undefined
}

function firstKeyOf(written: Written): Offset | undefined {
  return written.kind === 'map' ? [...written.members.values()][0]?.keyAt : undefined
}

/** The value at a path. */
export function plainAt(root: Plain, path: Path): Plain | undefined {
  let current: Plain | undefined = root
  for (const part of path) {
    if (Array.isArray(current)) current = typeof part === 'number' ? current[part] : undefined
    else if (current !== null && typeof current === 'object') current = current[part]
    else return undefined
  }
  return current
}

export function setPlain(root: Plain, path: Path, value: Plain): void {
  const key = path.at(-1)
  const parent = plainAt(root, path.slice(0, -1))
  if (Array.isArray(parent) && typeof key === 'number') parent[key] = value
  else if (parent !== null && typeof parent === 'object' && !Array.isArray(parent) && key !== undefined)
    parent[key] = value
}
