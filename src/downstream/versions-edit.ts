import type { VersionsEdit } from './edit.ts'
import { type EditFinding, type Files, type FoundPlaces, lineAt, type Replacement } from './replacement.ts'
import { packageNamed, patternFor } from './version-pattern.ts'

type Target = VersionsEdit['targets'][number]

/** Where the versions of packages stand; each package has to be found for each variant, in each file. */
export function findVersionPlaces(edit: VersionsEdit, files: Files): FoundPlaces {
  const places: Replacement[] = []
  const findings: EditFinding[] = []
  for (const file of edit.files) {
    const text = files.get(file)
    if (text === undefined) {
      findings.push(missingFile(edit.name, file))
      continue
    }
    for (const target of edit.targets) {
      const found = matchesOf(edit, target, file, text)
      if (found.length === 0) findings.push(notFound(edit, target, file, text))
      for (const { start, end, line, reachesTo } of found) {
        if (reachesTo === undefined) places.push({ file, start, end, after: target.version })
        else {
          const message = `the pattern for "${target.package}" reaches over "${reachesTo}".`
          const hint = 'Make the pattern more exact: it must end before the next package begins.'
          findings.push({ edit: edit.name, file, line, message, hint })
        }
      }
    }
  }
  return { places, findings }
}

export const missingFile = (edit: string, file: string): EditFinding => ({
  edit,
  file,
  line: undefined,
  message: 'there is no such file.',
  hint: 'Correct the path; it begins at the top of the repository.',
})

interface Match {
  readonly start: number
  readonly end: number
  readonly line: number
  /** Another package of the edit that is named within the match: the version is that one's. */
  readonly reachesTo: string | undefined
}

function matchesOf(edit: VersionsEdit, target: Target, file: string, text: string): readonly Match[] {
  const others = edit.targets.flatMap((one) =>
    one.package === undefined || one.package === target.package ? [] : [one.package],
  )
  return [...text.matchAll(patternFor(edit.pattern, target))].map((match) => {
    const place = match.indices?.groups?.['version']
    if (place === undefined) throw new Error(`The pattern of ${edit.name} has no version in ${file}`)
    const [start, end] = place
    const reachesTo = others.find((name) => namesPackage(match[0], name, target.package))
    return { start, end, line: lineAt(text, start), reachesTo }
  })
}

/** `hello` is not named by `hello-data`. */
const namesPackage = (text: string, name: string, own: string | undefined): boolean =>
  new RegExp(packageNamed(name)).test(
    own === undefined ? text : text.replace(new RegExp(packageNamed(own), 'g'), ''),
  )

function notFound(edit: VersionsEdit, target: Target, file: string, text: string): EditFinding {
  const { package: name, variant } = target
  const hint = 'Add the place to the file, correct the pattern, or take the package out of this edit.'
  const words = [
    ...(name === undefined ? [] : [`"${name}"`]),
    ...(variant === undefined ? [] : [`the variant "${variant}"`]),
  ]
  const what = words.length === 0 ? '' : ` for ${words.join(' and ')}`
  const at = name === undefined ? -1 : text.indexOf(name)
  const line = at === -1 ? undefined : lineAt(text, at)
  const near = at === -1 ? '' : ' The package is named here, and not as the pattern says.'
  return { edit: edit.name, file, line, message: `the pattern finds nothing${what}.${near}`, hint }
}
