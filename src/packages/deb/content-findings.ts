import { posix } from 'node:path'
import type { SpecFinding } from '../package-format.ts'
import type { ContentEntry } from '../package-spec.ts'
import { parentsOf } from './entries.ts'

/** What dpkg would refuse, or install in a way that nobody wants. */
export function contentFindings(contents: readonly ContentEntry[]): readonly SpecFinding[] {
  const seen = new Set<string>()
  const types = new Map(contents.map(({ path, type }) => [path, type]))
  return contents.flatMap((entry, index) => {
    const problem = pathProblem(entry.path) ?? placeProblem(entry, seen, types) ?? entryProblem(entry)
    seen.add(entry.path)
    return problem === undefined ? [] : { path: ['contents', index], ...problem }
  })
}

type Problem = Omit<SpecFinding, 'path'>

function pathProblem(path: string): Problem | undefined {
  const isPlain =
    path.startsWith('/') && path !== '/' && posix.normalize(path) === path && !path.endsWith('/')
  // A newline would end the path's line in md5sums and in dpkg's own lists.
  const control = [...path].some((character) => character < ' ' || character === '\x7f')
  if (isPlain && !control && path.isWellFormed()) return undefined
  return {
    code: 'DEB_PATH',
    message: `The path ${JSON.stringify(path)} is not an absolute path that dpkg can install.`,
    hint: 'Begin with "/", and use neither ".", "..", doubled slashes nor control characters.',
  }
}

function placeProblem(
  { path }: ContentEntry,
  seen: ReadonlySet<string>,
  types: ReadonlyMap<string, ContentEntry['type']>,
): Problem | undefined {
  if (seen.has(path)) {
    return {
      code: 'DEB_DUPLICATE',
      message: `The path ${path} is declared twice.`,
      hint: 'Remove one of the two entries.',
    }
  }
  const blocking = parentsOf(path).find((parent) => (types.get(parent) ?? 'directory') !== 'directory')
  if (blocking === undefined) return undefined
  return {
    code: 'DEB_PARENT',
    message: `The path ${path} lies below ${blocking}, which is a ${types.get(blocking)}.`,
    hint: 'Choose another path for one of the two.',
  }
}

function entryProblem(entry: ContentEntry): Problem | undefined {
  const ownerPattern = /^(\d+|[a-z_][a-z0-9_-]{0,30}\$?)$/
  if (!ownerPattern.test(entry.owner) || !ownerPattern.test(entry.group)) {
    return {
      code: 'DEB_OWNER',
      message: `The owner "${entry.owner}:${entry.group}" of ${entry.path} is not a user and a group.`,
      hint: 'Write names such as "root", or numbers.',
    }
  }
  if ('mode' in entry && !(Number.isInteger(entry.mode) && entry.mode >= 0 && entry.mode <= 0o7777)) {
    return {
      code: 'DEB_MODE',
      message: `The mode of ${entry.path} is not one of a file.`,
      hint: 'Write four octal digits, for example 0755.',
    }
  }
  if (entry.type === 'symlink' && (entry.target === '' || /[\n\0]/.test(entry.target))) {
    return {
      code: 'DEB_LINK',
      message: `The symbolic link ${entry.path} has no usable target.`,
      hint: 'Give the path that the link points to.',
    }
  }
  return undefined
}
