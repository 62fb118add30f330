import { UserError } from '../errors.ts'
import type { Edit } from './edit.ts'
import { findMentionPlaces } from './mentions-edit.ts'
import {
  type EditFinding,
  type Files,
  type FoundPlaces,
  lineAt,
  placeText,
  type Replacement,
} from './replacement.ts'
import { findVersionPlaces } from './versions-edit.ts'
import { findYamlPlaces } from './yaml-edit.ts'

/** A text that was replaced. */
export interface AppliedEdit {
  /** Where the edit is declared. */
  readonly edit: string
  readonly file: string
  readonly line: number
  readonly before: string
  readonly after: string
}

export interface EditResult {
  /** Files that are something else now. */
  readonly files: Files
  readonly applied: readonly AppliedEdit[]
  /** Files in which an edit matched, also where nothing was left to change. */
  readonly touched: readonly string[]
  readonly findings: readonly EditFinding[]
}

/** The files with every edit made. Each edit has to match, also when nothing is left to change; repeated, nothing changes. */
export function applyEdits(edits: readonly Edit[], files: Files): Omit<EditResult, 'findings'> {
  const { findings, ...result } = tryEdits(edits, files)
  if (findings.length === 0) return result
  const count = findings.length === 1 ? 'one finding' : `${findings.length} findings`
  const lines = findings.map((one) => `\n${placeText(one)}  ${one.edit}: ${one.message}\n    ${one.hint}`)
  throw new UserError('EDIT_MISSED', `The edits do not fit the files: ${count}.\n${lines.join('')}`, {
    hint: 'Nothing was changed. Correct the edit in hawser.yaml, or the file.',
  })
}

/** The same, with everything that does not match instead of an error. */
export function tryEdits(edits: readonly Edit[], files: Files): EditResult {
  const edited = new Map(files)
  const applied: AppliedEdit[] = []
  const findings: EditFinding[] = []
  const touched = new Set<string>()
  for (const edit of edits) {
    const found = placesOf(edit, edited)
    const { places, conflicts } = settled(edit, found.places, edited)
    for (const { file } of places) touched.add(file)
    findings.push(...found.findings, ...conflicts)
    applied.push(...replaceIn(edited, edit, places))
  }
  if (findings.length === 0) findings.push(...disagreements(edits, edited))
  const changed = [...edited].filter(([file, text]) => files.get(file) !== text)
  return { files: new Map(changed), applied, touched: [...touched], findings }
}

function placesOf(edit: Edit, files: Files): FoundPlaces {
  switch (edit.kind) {
    case 'yaml':
      return findYamlPlaces(edit, files)
    case 'versions':
      return findVersionPlaces(edit, files)
    case 'mentions':
      return findMentionPlaces(edit, files)
  }
}

/** In the order of the file, each place once. */
function settled(
  edit: Edit,
  places: readonly Replacement[],
  files: Files,
): { readonly places: readonly Replacement[]; readonly conflicts: readonly EditFinding[] } {
  const kept: Replacement[] = []
  const conflicts: EditFinding[] = []
  const inOrder = places.toSorted((a, b) => compareText(a.file, b.file) || a.start - b.start)
  for (const place of inOrder) {
    const last = kept.at(-1)
    if (last === undefined || last.file !== place.file || last.end <= place.start) kept.push(place)
    else if (last.start !== place.start || last.end !== place.end || last.after !== place.after) {
      const line = lineAt(files.get(place.file) ?? '', place.start)
      const message = `the same text is to become "${last.after}" and "${place.after}".`
      const hint = 'Make the pattern more exact, so that each place is found for one package only.'
      conflicts.push({ edit: edit.name, file: place.file, line, message, hint })
    }
  }
  return { places: kept, conflicts }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** From the end to the beginning, so that offsets stay right. */
function replaceIn(
  files: Map<string, string>,
  edit: Edit,
  places: readonly Replacement[],
): readonly AppliedEdit[] {
  const applied: AppliedEdit[] = []
  for (const { file, start, end, after } of places.toReversed()) {
    const text = files.get(file) ?? ''
    const before = text.slice(start, end)
    if (before === after) continue
    files.set(file, text.slice(0, start) + after + text.slice(end))
    applied.push({ edit: edit.name, file, line: lineAt(text, start), before, after })
  }
  return applied.reverse()
}

/** After all of them, none has anything left to do: else the order of edits would decide, and every run would change files. */
function disagreements(edits: readonly Edit[], files: Files): readonly EditFinding[] {
  return edits.flatMap((edit) =>
    placesOf(edit, files).places.flatMap(({ file, start, end, after }) => {
      const text = files.get(file) ?? ''
      const there = text.slice(start, end)
      if (there === after) return []
      const message = `it writes "${after}" where another edit writes "${there}".`
      const hint = 'Leave the place to one of them.'
      return [{ edit: edit.name, file, line: lineAt(text, start), message, hint }]
    }),
  )
}
