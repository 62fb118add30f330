import picomatch from 'picomatch'
import type { Edit } from './edit.ts'

export const isGlob = (path: string): boolean => picomatch.scan(path).isGlob

/** Of all paths, those that a path or glob means; a path that is not there is none. */
export function matchingPaths(pattern: string, all: Iterable<string>): readonly string[] {
  if (!isGlob(pattern)) return [...all].filter((path) => path === pattern)
  const matches = picomatch(pattern, { dot: true })
  return [...all].filter((path) => matches(path))
}

/** The files that edits look at: exact paths, and those of globs that others are searched for. */
export function filesOf(edit: Edit): readonly string[] {
  return edit.kind === 'yaml' ? [edit.file] : edit.files
}
