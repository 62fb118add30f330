import { type FactReader, fieldsOf, readText, summaryFrom } from './facts.ts'

const relationNames = {
  Depends: 'depends',
  'Pre-Depends': 'preDepends',
  Recommends: 'recommends',
  Suggests: 'suggests',
  Conflicts: 'conflicts',
  Breaks: 'breaks',
  Provides: 'provides',
  Replaces: 'replaces',
} as const

/** debian/control: the source paragraph and the first package. */
export const fromDebian: FactReader = async (project) => {
  const text = await readText(project, 'debian/control')
  if (text === undefined) return {}
  const [source = {}, ...packages] = paragraphsOf(text)
  const one = packages[0] ?? {}
  const [synopsis, ...rest] = (one['Description'] ?? '').split('\n')
  const relations = Object.entries(relationNames).map(([theirs, ours]) => [ours, relationsOf(one[theirs])])
  const name = one['Package'] ?? source['Source']
  return {
    ...(name === undefined ? {} : { project: name }),
    fields: fieldsOf({
      summary: summaryFrom(synopsis),
      // A line with one full stop is an empty line (deb-control(5)).
      description: rest
        .map((line) => line.trim().replace(/^\.$/, ''))
        .join('\n')
        .trim(),
      maintainer: source['Maintainer'],
      homepage: source['Homepage'],
      section: one['Section'] ?? source['Section'],
      priority: one['Priority'] ?? source['Priority'],
      ...Object.fromEntries(relations),
    }),
    notes: [
      'Package fields were taken from debian/control; what ${shlibs:Depends} and its like stand for must be written out.',
      ...(packages.length > 1 ? ['debian/control has several packages; only the first was taken over.'] : []),
    ],
  }
}

function paragraphsOf(text: string): readonly { readonly [field: string]: string | undefined }[] {
  return text
    .replace(/^#.*\n/gm, '')
    .split(/\n\s*\n/)
    .map((paragraph) => {
      const fields: Record<string, string> = {}
      for (const [, field, value] of paragraph.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
        if (field !== undefined && value !== undefined) fields[field] = value.trim()
      }
      return fields
    })
    .filter((fields) => Object.keys(fields).length > 0)
}

/** Without substitution variables, which only Debian's own tools know. */
const relationsOf = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((relation) => relation.replace(/\s+/g, ' ').trim())
    .filter(
      (relation) =>
        relation !== '' &&
        !relation.includes('${') &&
        !/[[<](?![<=])/.test(relation.replace(/\([^)]*\)/g, '')),
    )
