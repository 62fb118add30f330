import { posix } from 'node:path'
import { UserError } from '../errors.ts'
import { digestOf, digestOfJson } from '../lib/digest.ts'
import type { FetchedSource, SourceFile } from './source.ts'

/** Only the executable bit is kept: the rest is the maker's umask, and would differ from machine to machine. */
export const fileMode = (isExecutable: boolean): number => (isExecutable ? 0o755 : 0o644)

export function linkFile(path: string, target: string): SourceFile {
  return { path, mode: 0o777, digest: digestOf(target), sizeBytes: Buffer.byteLength(target), target }
}

/** Puts files in byte order and refuses a tree that could write, or point, outside itself. */
export function sourceTree(files: readonly SourceFile[], from: string): FetchedSource {
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  const byPath = new Map(sorted.map((file) => [file.path, file]))
  for (const file of sorted) {
    assertTreePath(file.path, from)
    assertNoFileAbove(file.path, byPath, from)
    if (file.target !== undefined) assertLinkStays(file.path, file.target, byPath, from)
  }
  if (byPath.size !== sorted.length) throw twice(sorted, from)
  const list = sorted.map(({ path, mode, digest, target }) => ({ path, mode, digest, target }))
  return { digest: digestOfJson(list), files: sorted }
}

/** Refuses what could leave the folder that the tree is written to. */
export function assertTreePath(path: string, from: string): void {
  const parts = path.split('/')
  const isSafe = path !== '' && !path.includes('\0') && parts.every((part) => !['', '.', '..'].includes(part))
  if (isSafe) return
  throw new UserError(
    'SOURCE_UNSAFE_PATH',
    `${from} has a file with the unsafe path ${JSON.stringify(path)}.`,
    {
      hint: 'Paths must be relative and stay inside the tree. Nothing was kept; ask whoever made it for a clean one.',
    },
  )
}

function assertNoFileAbove(path: string, byPath: ReadonlyMap<string, SourceFile>, from: string): void {
  for (let above = posix.dirname(path); above !== '.' && above !== '/'; above = posix.dirname(above)) {
    if (!byPath.has(above)) continue
    throw new UserError('SOURCE_PATH_CONFLICT', `${from} has "${path}", but "${above}" is no folder there.`, {
      hint: 'Nothing was kept; ask whoever made it for a clean one.',
    })
  }
}

/** Follows the link through the other links of the tree, since "a/b/.." is not "a" when "b" is a link. */
function assertLinkStays(
  path: string,
  target: string,
  byPath: ReadonlyMap<string, SourceFile>,
  from: string,
): void {
  if (target === '' || target.includes('\0') || !staysInside(path, target, byPath)) {
    throw new UserError(
      'SOURCE_LINK_ESCAPES',
      `${from} has the symbolic link "${path}" to ${JSON.stringify(target)}, which leaves the tree.`,
      {
        hint: 'Links must be relative and stay inside the tree. Replace the link by the file that it means.',
      },
    )
  }
}

function staysInside(path: string, target: string, byPath: ReadonlyMap<string, SourceFile>): boolean {
  const pending = target.split('/').reverse()
  let here = path.split('/').slice(0, -1)
  if (target.startsWith('/')) return false
  // As many links as Linux follows; a circle is a broken link, which harms nobody.
  let linksLeft = 40
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (here.pop() === undefined) return false
      continue
    }
    const next = byPath.get([...here, part].join('/'))?.target
    if (next === undefined) here = [...here, part]
    else if (next.startsWith('/')) return false
    else if (linksLeft-- === 0) return true
    else pending.push(...next.split('/').reverse())
  }
  return true
}

function twice(sorted: readonly SourceFile[], from: string): UserError {
  const path = sorted.find((file, index) => sorted[index - 1]?.path === file.path)?.path ?? ''
  return new UserError('SOURCE_PATH_TWICE', `${from} has the path "${path}" twice.`, {
    hint: 'One of the two would win by chance. Ask whoever made it for a clean one.',
  })
}
