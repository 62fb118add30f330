import type { ByteStream } from '../../archive/compression.ts'
import { UserError } from '../../errors.ts'

interface EntryBase {
  /** In the image, with or without "/" in front. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly ownerId: number
  readonly groupId: number
  /** Seconds since 1970; that of the layer when not given. */
  readonly mtime?: number
}

/** A member of a layer. A file that is named `.wh.NAME` removes NAME of the layers below (image specification, layer.md). */
export type LayerEntry =
  | (EntryBase & { readonly type: 'file'; readonly sizeBytes: number; open(): ByteStream })
  | (EntryBase & { readonly type: 'directory' })
  | (EntryBase & { readonly type: 'symlink'; readonly target: string })

/**
 * In byte order of their paths, which brings parents before what is in them. `parents`: folders that nobody named are
 * added (0755, root). Only for images without a base: on a base they would take the place of its own folders and links.
 */
export function orderedEntries(
  entries: readonly LayerEntry[],
  parents: 'added' | 'implied',
): readonly LayerEntry[] {
  const byPath = new Map<string, LayerEntry>()
  for (const entry of entries) {
    const path = cleanPath(entry.path)
    if (byPath.has(path)) throw twiceError(path)
    byPath.set(path, { ...entry, path })
  }
  if (parents === 'added') {
    for (const path of [...byPath.keys()].flatMap(parentsOf)) {
      if (!byPath.has(path))
        byPath.set(path, { type: 'directory', path, mode: 0o755, ownerId: 0, groupId: 0 })
    }
  }
  for (const path of byPath.keys()) {
    for (const parent of parentsOf(path)) {
      const found = byPath.get(parent)
      if (found !== undefined && found.type !== 'directory') throw belowError(path, parent, found.type)
    }
  }
  return [...byPath.values()].toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'))
}

function cleanPath(written: string): string {
  const parts = written.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0 || parts.includes('..') || /\p{Cc}/u.test(written)) {
    throw new UserError('IMAGE_PATH', `${JSON.stringify(written)} is no path in an image.`, {
      hint: 'Write an absolute path without "..", such as /usr/bin/hello.',
    })
  }
  return parts.join('/')
}

const twiceError = (path: string): UserError =>
  new UserError('IMAGE_PATH_TWICE', `"/${path}" is in the same layer twice.`, {
    hint: 'Keep one of them, or put them into two layers: the later one counts.',
  })

const belowError = (path: string, parent: string, type: string): UserError =>
  new UserError(
    'IMAGE_PATH_BELOW',
    `"/${path}" is below "/${parent}", which is a ${type} in the same layer.`,
    {
      hint: 'Make the parent a folder, or choose another path.',
    },
  )
