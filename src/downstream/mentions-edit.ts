import type { MentionsEdit } from './edit.ts'
import { isGlob, matchingPaths } from './file-paths.ts'
import { findMentions, type Mention } from './mentions.ts'
import { type EditFinding, type Files, type FoundPlaces, lineAt, type Replacement } from './replacement.ts'
import { missingFile } from './versions-edit.ts'

/** Where packages are mentioned with a version. Each package has to be, and each file that is named has to do it. */
export function findMentionPlaces(edit: MentionsEdit, files: Files): FoundPlaces {
  const places: Replacement[] = []
  const findings: EditFinding[] = []
  const mentioned = new Set<string>()
  const say = (file: string, message: string, hint: string, line?: number) => {
    findings.push({ edit: edit.name, file, line, message, hint })
  }
  for (const pattern of edit.files) {
    const paths = matchingPaths(pattern, files.keys())
    if (paths.length === 0) {
      if (isGlob(pattern)) say(pattern, 'nothing matches this.', 'Correct the glob, or remove it.')
      else findings.push(missingFile(edit.name, pattern))
    }
    for (const file of paths) {
      const text = files.get(file) ?? ''
      const mentions = findMentions(text, edit.packages)
      if (mentions.length === 0 && !isGlob(pattern))
        say(file, 'none of the packages is mentioned with a version.', noneHint)
      for (const mention of mentions) {
        mentioned.add(mention.package)
        const { start, end, wanted } = mention
        if (wanted !== undefined) places.push({ file, start, end, after: wanted })
        else
          say(
            file,
            unclear(mention),
            'Write it as the command or the file has it, such as NAME=VERSION.',
            lineAt(text, start),
          )
      }
    }
  }
  for (const name of Object.keys(edit.packages)) {
    if (mentioned.has(name)) continue
    say(edit.files.join(', '), `"${name}" is mentioned with a version nowhere.`, noneHint)
  }
  return { places, findings }
}

const noneHint = 'Take it out of this edit, or write NAME=VERSION or NAME-VERSION there.'

const unclear = ({ package: name, found }: Mention): string =>
  `"${name}" ${found} may be the version of several formats.`
