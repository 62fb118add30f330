import { encoded } from './deb822.ts'

/** Files that a package brings, and how Contents names it: `section/name`. */
export interface ContentsAddition {
  readonly owner: string
  readonly files: readonly string[]
}

export const contentsOwner = (name: string, section: string | undefined): string =>
  section === undefined ? name : `${section}/${name}`

/**
 * Adds lines to a Contents index (Latin-1). A line is a path, white space, and owners separated by commas; the path may
 * hold spaces, so the last white space separates. Foreign lines keep their bytes unless an owner is added to them.
 */
export function mergeContents(text: string, additions: readonly ContentsAddition[]): string {
  const { preamble, lines } = parse(text)
  for (const { owner, files } of additions) {
    const name = encoded(owner)
    for (const file of files) addOwner(lines, encoded(file), name)
  }
  const sorted = [...lines].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return preamble + sorted.map(([, line]) => `${line}\n`).join('')
}

function addOwner(lines: Map<string, string>, path: string, owner: string): void {
  const line = lines.get(path)
  if (line === undefined) lines.set(path, `${path} ${owner}`)
  else if (!ownersOf(line).includes(owner)) lines.set(path, `${line.trimEnd()},${owner}`)
}

const ownersOf = (line: string): readonly string[] => (/\S+$/.exec(line.trimEnd())?.[0] ?? '').split(',')

function parse(text: string): { readonly preamble: string; readonly lines: Map<string, string> } {
  const all = text.split('\n')
  // Old archives put free text before a line "FILE  LOCATION".
  const header = all.findIndex((line) => /^FILE\s+LOCATION\s*$/.test(line))
  const lines = new Map<string, string>()
  for (const line of all.slice(header + 1)) {
    if (line.trim() === '') continue
    lines.set(line.replace(/\s+\S+\s*$/, ''), line)
  }
  return { preamble: header === -1 ? '' : `${all.slice(0, header + 1).join('\n')}\n`, lines }
}
