import type { Connection } from './connection.ts'
import { readContents } from './contents.ts'

/** "About code owners": the first of these that exists counts. */
const places = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS']

interface Rule {
  readonly matches: (path: string) => boolean
  readonly owners: readonly string[]
}

export async function codeOwnersOf(
  paths: readonly string[],
  base: string,
  connection: Connection,
): Promise<readonly string[]> {
  for (const place of places) {
    const text = await readContents(place, base, connection)
    if (text !== undefined) return ownersOf(paths, text)
  }
  return []
}

/** The owners of any of the paths; for each the last rule that matches counts, also when it names nobody. */
export function ownersOf(paths: readonly string[], text: string): readonly string[] {
  const rules = text.split(/\r?\n/).flatMap(ruleOf)
  const owners = paths.flatMap((path) => rules.findLast(({ matches }) => matches(path))?.owners ?? [])
  return [...new Set(owners)]
}

function ruleOf(line: string): Rule[] {
  // A word that begins with # begins a comment; spaces in patterns are written as "\ ".
  const words = line.replace(/(^|\s)#.*$/, '').match(/(?:\\.|\S)+/g) ?? []
  const [pattern, ...owners] = words
  if (pattern === undefined) return []
  const expression = expressionOf(pattern.replaceAll('\\ ', ' '))
  return [{ matches: (path) => expression.test(path), owners }]
}

/** As .gitignore's patterns, without "!" and "[…]", which CODEOWNERS does not know. */
function expressionOf(pattern: string): RegExp {
  const isAnchored = pattern.replace(/\/$/, '').includes('/')
  const isFolder = pattern.endsWith('/')
  const body = pattern
    .replace(/^\//, '')
    .replace(/\/$/, '')
    .split(/(\/\*\*\/|^\*\*\/|\/\*\*$|\*|\?)/)
    .map(partOf)
    .join('')
  // `docs/*` is about files right there; other patterns are also about what is in a folder of that name.
  const here = pattern.endsWith('/*') ? '$' : '(?:/|$)'
  const end = isFolder ? '/' : here
  return new RegExp(`${isAnchored ? '^' : '(?:^|/)'}${body}${end}`)
}

function partOf(part: string): string {
  if (part === '/**/') return '/(?:.*/)?'
  if (part === '**/') return '(?:.*/)?'
  if (part === '/**') return '/.*'
  if (part === '*') return '[^/]*'
  if (part === '?') return '[^/]'
  return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
