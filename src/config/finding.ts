/** Keys and list positions from the top of the file to a value. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with the file, and where. */
export interface Finding {
  /** As the reader named it, such as `hawser.yaml`. */
  readonly file: string
  /** Both count from 1; the column counts UTF-16 units, as editors do. */
  readonly line: number
  readonly column: number
  /** Such as `packages.hello.contents[0].to`; empty for the file as a whole. */
  readonly path: string
  /** Permanent: scripts may rely on it. */
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** A finding before its place in the file is known: what schemas and rules produce. */
export interface Problem {
  readonly path: Path
  /** Where to point: at the key, or (usually) at the value. */
  readonly at?: 'key' | 'value'
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** `hawser.yaml:LINE:COL  path  message`, and the hint below. The same text in the CLI and in golden files. */
export function formatFinding(finding: Finding): string {
  const place = `${finding.file}:${finding.line}:${finding.column}`
  const head = [place, finding.path, finding.message].filter((part) => part !== '').join('  ')
  const hint = finding.hint === '' ? '' : `\n    ${finding.hint.replaceAll('\n', '\n    ')}`
  return head + hint
}

/** In the order of the file; nothing is said twice. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings
    .filter((finding) => {
      const key = formatFinding(finding)
      return !seen.has(key) && seen.add(key) !== undefined
    })
    .sort((a, b) => a.line - b.line || a.column - b.column || compareText(a.path, b.path))
}

/** `packages.hello.contents[0]`; keys that are no plain words are quoted, so that the path can be read back. */
export function pathText(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[A-Za-z0-9_@/+-]+$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
