import { UserError } from '../errors.ts'
import type { Path } from './finding.ts'
import { readYaml, type YamlText } from './read-yaml.ts'
import { type WrittenScalar, writtenAt } from './written.ts'

/** A text inside of one value, and what is to stand there. */
export interface ScalarEdit {
  readonly path: Path
  readonly from: string
  readonly to: string
}

export interface ScalarChange {
  readonly path: string
  readonly line: number
  readonly from: string
  readonly to: string
}

export interface EditedText {
  readonly text: string
  readonly changes: readonly ScalarChange[]
}

/** Replaces texts inside of values. Comments, quotes, order and line ends stay; every edit is made, or none. */
export function editScalars(text: string, file: string, edits: readonly ScalarEdit[]): EditedText {
  const mark = text.startsWith('\uFEFF') ? 1 : 0
  const yaml = readYaml(text, file)
  const placed = edits.map((edit) => place(edit, yaml))
  // Two paths may lead to one place, through an alias.
  const byPlace = new Map<number, Placed>()
  for (const one of placed) {
    const other = byPlace.get(one.at)
    if (other !== undefined && other.to !== one.to) throw sharedPlace(other, one)
    byPlace.set(one.at, one)
  }
  let edited = text
  for (const { at, from, to } of [...byPlace.values()].sort((a, b) => b.at - a.at)) {
    edited = edited.slice(0, mark + at) + to + edited.slice(mark + at + from.length)
  }
  return { text: edited, changes: placed.map(({ at: _, ...change }) => change) }
}

interface Placed extends ScalarChange {
  /** Where `from` begins. */
  readonly at: number
}

function place({ path, from, to }: ScalarEdit, yaml: YamlText): Placed {
  const written = yaml.root === undefined ? undefined : writtenAt(yaml.root, path)
  const { line, file, path: name } = yaml.locate({ path, code: '', message: '', hint: '' })
  const found = written?.kind === 'scalar' ? offsetsOf(from, written, yaml) : []
  const [at, second] = found
  if (at !== undefined && second === undefined) return { path: name, line, from, to, at }
  throw new UserError(
    'EDIT_NOT_LITERAL',
    `${file}:${line}  ${name} does not say "${from}" once, as it stands.`,
    {
      hint: 'Write the value itself there, in one piece: a value that comes from elsewhere is not rewritten.',
    },
  )
}

function offsetsOf(from: string, { at, end }: WrittenScalar, yaml: YamlText): readonly number[] {
  const source = yaml.slice(at, end)
  const offsets: number[] = []
  for (let found = source.indexOf(from); found !== -1; found = source.indexOf(from, found + 1)) {
    offsets.push(at + found)
  }
  return offsets
}

const sharedPlace = (one: Placed, other: Placed): UserError =>
  new UserError(
    'EDIT_SHARED',
    `${one.path} and ${other.path} share one value by an alias, and are to differ.`,
    {
      hint: 'Write a value of its own for each of them.',
    },
  )
