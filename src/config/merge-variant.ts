import { basename } from 'node:path/posix'
import type { Path } from './finding.ts'
import type { Variant } from './resolved-package.ts'
import type { WrittenContent, WrittenPackage, WrittenVariant } from './schema/package-schema.ts'

/** A package's fields for one variant, and where each of them was written. */
export interface MergedVariant {
  readonly fields: WrittenVariant
  /** The place in the file of a path such as `['contents', 3, 'to']`. */
  pathOf(path: Path): Path
}

/** Overrides in the order in which they win: the later is the more special. */
export const overrideKeys = ({ format, architecture, distribution }: Variant): readonly string[] => [
  format,
  architecture,
  ...(distribution === undefined ? [] : [distribution]),
]

/**
 * Applies overrides: a field replaces the field; `scripts` and `fields` replace key by key; an entry of `contents`
 * replaces the entry with the same target, else it is added.
 */
export function mergeVariant(name: string, written: WrittenPackage, variant: Variant): MergedVariant {
  const {
    formats: _formats,
    architectures: _architectures,
    keyring: _keyring,
    repackage: _repackage,
    overrides = {},
    ...base
  } = written
  const merge = new Merge(['packages', name], base)
  for (const key of overrideKeys(variant)) {
    const override = overrides[key]
    if (override !== undefined) merge.add(override, ['packages', name, 'overrides', key])
  }
  return merge
}

class Merge implements MergedVariant {
  readonly #base: Path
  /** Where fields that overrides changed were written; by field, or by field and key or index. */
  readonly #origins = new Map<string, Path>()
  fields: WrittenVariant

  constructor(base: Path, fields: WrittenVariant) {
    this.#base = base
    this.fields = fields
  }

  add(override: WrittenVariant, at: Path): void {
    const { contents, scripts, fields, ...rest } = override
    for (const [field, value] of Object.entries(rest)) {
      if (value !== undefined) this.#origins.set(field, [...at, field])
    }
    const merged = { ...this.fields, ...rest }
    if (scripts !== undefined) merged.scripts = { ...merged.scripts, ...this.#keys('scripts', scripts, at) }
    if (fields !== undefined) merged.fields = { ...merged.fields, ...this.#keys('fields', fields, at) }
    if (contents !== undefined) merged.contents = this.#contents(merged.contents ?? [], contents, at)
    this.fields = merged
  }

  pathOf(path: Path): Path {
    const [field = '', part] = path
    const inner = part === undefined ? undefined : this.#origins.get(`${field}/${part}`)
    if (inner !== undefined) return [...inner, ...path.slice(2)]
    const outer = this.#origins.get(String(field))
    return outer === undefined ? [...this.#base, ...path] : [...outer, ...path.slice(1)]
  }

  #keys<Keys extends object>(field: string, keys: Keys, at: Path): Keys {
    for (const key of Object.keys(keys)) this.#origins.set(`${field}/${key}`, [...at, field, key])
    return keys
  }

  #contents(before: readonly WrittenContent[], added: readonly WrittenContent[], at: Path): WrittenContent[] {
    const contents = [...before]
    for (const [index, entry] of added.entries()) {
      const target = targetOf(entry)
      const same = contents.findIndex((other) => target !== undefined && targetOf(other) === target)
      const place = same === -1 ? contents.length : same
      contents[place] = entry
      this.#origins.set(`contents/${place}`, [...at, 'contents', index])
    }
    return contents
  }
}

/** What makes two entries of `contents` the same: where they are installed. */
function targetOf({ to, from, directory, symlink, ghost }: WrittenContent): string | undefined {
  if (to?.endsWith('/') === true && from !== undefined) return `${to}${isGlob(from) ? from : basename(from)}`
  return to ?? directory ?? symlink ?? ghost
}

export const isGlob = (pattern: string): boolean => /[*?[\]{}]/.test(pattern.replaceAll(/\$\{[^}]*\}/g, ''))
