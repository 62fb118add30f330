import { tryEdits } from './apply-edits.ts'
import type { Edit, PackageVersions, VersionsEdit } from './edit.ts'
import { findMentions } from './mentions.ts'
import { type Files, lineAt } from './replacement.ts'
import { escapeRegExp, packageNamed, patternFor, patternForAnyVariant } from './version-pattern.ts'

/** What is not as the packages' versions want it. */
export interface DriftFinding {
  readonly file: string
  readonly line: number | undefined
  readonly message: string
  readonly hint: string
}

export interface DriftRequest {
  readonly edits: readonly Edit[]
  /** Every package that the consumer uses, with its versions. */
  readonly packages: PackageVersions
  /** Addresses that must not be in the files, and whose they are: those of an environment that this is not for. */
  readonly foreign: readonly { readonly url: string; readonly of: string }[]
  /** All that is looked at: the files of the edits, and more. */
  readonly files: Files
}

/** What edits missed, mentions left behind, rules that no edit knows, addresses of another environment; in the files' order. */
export function drift(request: DriftRequest): readonly DriftFinding[] {
  const { edits, files } = request
  const tried = tryEdits(edits, files)
  const missed = tried.findings.map(({ edit, file, line, message, hint }) => ({
    ...{ file, line, hint },
    message: `${edit}: ${message}`,
  }))
  const pending = tried.applied.map(({ edit, file, line, before, after }) => ({
    ...{ file, line },
    message: `"${before}" is to be "${after}" (${edit}).`,
    hint: 'Run "hawser bump", or write it.',
  }))
  // What the edits would repair is told once.
  const repaired = new Map([...files, ...tried.files])
  const left = [...repaired].flatMap(([file, text]) => leftBehind(file, text, request))
  return [...missed, ...pending, ...left, ...unknownRules(edits, repaired), ...foreignIn(request)].toSorted(
    (a, b) => compareText(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0),
  )
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

function leftBehind(file: string, text: string, { packages, edits }: DriftRequest): readonly DriftFinding[] {
  const mentions = findMentions(text, packages).flatMap(({ package: name, found, start }) =>
    isVersionOf(found, name, packages) ? [] : [{ name, found, line: lineAt(text, start) }],
  )
  // The pattern of an edit knows such places better.
  const isRuled = edits.some((edit) => edit.kind === 'versions' && edit.files.includes(file))
  const below = isRuled ? [] : versionsBelow(text, packages)
  return [...mentions, ...below].map(({ name, found, line }) => ({
    ...{ file, line },
    message: `"${name}" is mentioned with ${found}; it is ${versionsText(name, packages)}.`,
    hint: 'Put the file into an edit "mentions", or write the version.',
  }))
}

/** A name, and a version on one of the next two lines that says so: `packageVersion: 1.5.1-3`. */
function versionsBelow(
  text: string,
  packages: PackageVersions,
): readonly { readonly name: string; readonly found: string; readonly line: number }[] {
  return Object.keys(packages).flatMap((name) => {
    const pattern = new RegExp(
      String.raw`${packageNamed(name)}[^\n]{0,200}\n(?:[^\n]{0,200}\n)?[^\n]{0,80}version\W{1,10}(?<found>\d[\w.+~^]*-[\w.+~^]*\w)`,
      'dgi',
    )
    return [...text.matchAll(pattern)].flatMap(({ groups, indices }) => {
      const found = groups?.['found'] ?? ''
      const start = indices?.groups?.['found']?.[0] ?? 0
      return isVersionOf(found, name, packages) ? [] : [{ name, found, line: lineAt(text, start) }]
    })
  })
}

/** The version of any format, with or without what some mentions leave out. */
const isVersionOf = (found: string, name: string, packages: PackageVersions): boolean =>
  Object.values(packages[name] ?? {}).some((version) => version === found || version.startsWith(`${found}-`))

const versionsText = (name: string, packages: PackageVersions): string =>
  [...new Set(Object.values(packages[name] ?? {}))].join(' or ')

/** Places of a pattern whose variant no edit names: a system that was added, and would keep its old version. */
function unknownRules(edits: readonly Edit[], files: Files): readonly DriftFinding[] {
  return edits.flatMap((edit) => {
    if (edit.kind !== 'versions' || !edit.targets.some(({ variant }) => variant !== undefined)) return []
    const names = [...new Set(edit.targets.flatMap((target) => target.package ?? []))]
    return edit.files.flatMap((file) =>
      names.flatMap((name) => unknownIn(file, files.get(file) ?? '', name, edit)),
    )
  })
}

function unknownIn(file: string, text: string, name: string, edit: VersionsEdit): readonly DriftFinding[] {
  // A pattern may find the word of another list, too, before the one that counts.
  const known = new Set(
    edit.targets.flatMap((target) =>
      target.package === name ? [...text.matchAll(patternFor(edit.pattern, target))].map(versionAt) : [],
    ),
  )
  return [...text.matchAll(patternForAnyVariant(edit.pattern, { package: name }))].flatMap((match) => {
    const at = versionAt(match)
    const variant = match.groups?.['variant'] ?? ''
    if (known.has(at)) return []
    const message = `"${name}" has the variant "${variant}" here, which no edit knows (${edit.name}).`
    return [
      {
        file,
        line: lineAt(text, at),
        message,
        hint: 'Add the word that stands for it to the "variants" of the edit.',
      },
    ]
  })
}

const versionAt = ({ index, indices }: RegExpExecArray): number => indices?.groups?.['version']?.[0] ?? index

/** An address of one environment may be the beginning of another's: it ends where it is no more of an address. */
function foreignIn({ foreign, files }: DriftRequest): readonly DriftFinding[] {
  return foreign.flatMap(({ url, of }) => {
    const pattern = new RegExp(`${escapeRegExp(url.replace(/\/+$/, ''))}(?![\\w-]|\\.\\w)`, 'g')
    return [...files].flatMap(([file, text]) =>
      [...text.matchAll(pattern)].map(({ index }) => ({
        ...{ file, line: lineAt(text, index) },
        message: `${url} is the address of ${of}.`,
        hint: 'Write the address of this environment.',
      })),
    )
  })
}
