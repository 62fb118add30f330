import { packageFormat } from '../packages/index.ts'
import type { PackageVersions } from './edit.ts'
import { escapeRegExp, packageNamed } from './version-pattern.ts'

/** A package with a version in a text. */
export interface Mention {
  readonly package: string
  readonly start: number
  readonly end: number
  readonly found: string
  /** What is to stand there; undefined where it cannot be told which format is meant. */
  readonly wanted: string | undefined
}

/**
 * `NAME=VERSION` and its like, as the formats' own commands and files have it; and a name with a full version behind it,
 * in a sentence, a list or the row of a table.
 */
export function findMentions(text: string, packages: PackageVersions): readonly Mention[] {
  const found = Object.entries(packages).flatMap(([name, versions]) => [
    ...joined(text, name, versions),
    ...loose(text, name, versions),
    ...inTables(text, name, versions),
  ])
  const inOrder = found.toSorted((a, b) => a.start - b.start || b.end - a.end)
  // One text, found in two ways.
  return inOrder.filter((mention, index) => (inOrder[index - 1]?.end ?? 0) <= mention.start)
}

type Versions = PackageVersions[string]

function joined(text: string, name: string, versions: Versions): readonly Mention[] {
  return Object.entries(versions).flatMap(([format, version]) => {
    const { joins, version: form, replacement } = packageFormat(format).mentions
    const pattern = new RegExp(
      `${packageNamed(name)}(?:${joins.map(escapeRegExp).join('|')})(?<found>${form})`,
      'dg',
    )
    return mentionsOf(text, pattern, name, (found) => replacement(found, version))
  })
}

/** Full versions have a build number; 1.5.2 alone is the version of something else, upstream's. */
const fullVersion = String.raw`\d+(?:\.\d+)[0-9A-Za-z.+~^_]*-[0-9A-Za-z.+~^_]*[0-9A-Za-z]`

const between = String.raw`(?:[ \t|:=("'\x60*,\[\]]|\b(?:in|at|is|version)\b){1,40}`

function loose(text: string, name: string, versions: Versions): readonly Mention[] {
  const pattern = new RegExp(`${packageNamed(name)}${between}(?<found>${fullVersion})`, 'dg')
  return mentionsOf(text, pattern, name, (found) => wantedFor(found, versions))
}

/** The first cell with a version, right of the one with the name. */
function inTables(text: string, name: string, versions: Versions): readonly Mention[] {
  const cell = String.raw`[ \t\x60*]*(?<found>${fullVersion})[ \t\x60*]*(?=\|)`
  const pattern = new RegExp(`${packageNamed(name)}[^|]*\\|(?:[^|]*\\|)*?${cell}`, 'dg')
  return [...text.matchAll(/^[ \t]*\|.*/gm)].flatMap(({ 0: row, index }) =>
    mentionsOf(row, pattern, name, (found) => wantedFor(found, versions)).map((mention) => ({
      ...mention,
      start: mention.start + index,
      end: mention.end + index,
    })),
  )
}

function mentionsOf(
  text: string,
  pattern: RegExp,
  name: string,
  wantedFrom: (found: string) => string | undefined,
): readonly Mention[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const found = match.groups?.['found']
    const place = match.indices?.groups?.['found']
    if (found === undefined || place === undefined) return []
    return [{ package: name, start: place[0], end: place[1], found, wanted: wantedFrom(found) }]
  })
}

/** A version without its format: the one that is spelt alike, else the only format that can spell it so. */
function wantedFor(found: string, versions: Versions): string | undefined {
  const all = Object.entries(versions)
  const alike = all.filter(([, version]) => shapeOf(version) === shapeOf(found))
  const possible = all.filter(([format]) =>
    new RegExp(`^(?:${packageFormat(format).mentions.version})$`).test(found),
  )
  const wanted = new Set((alike.length > 0 ? alike : possible).map(([, version]) => version))
  return wanted.size === 1 ? [...wanted][0] : undefined
}

/** `1.5.2_1-1` and `1.10.0_12-1` are spelt alike. */
const shapeOf = (version: string): string => version.replace(/\d+/g, '0')
