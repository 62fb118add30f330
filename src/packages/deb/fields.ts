import { knownArchitecture } from '../architecture.ts'
import type { PackageSpec, RelationList } from '../package-spec.ts'
import type { ControlField } from './control.ts'
import { renderRelations } from './relations.ts'
import { debVersion } from './version.ts'

/** The control file's fields in the order of dpkg-gencontrol, free fields before the description. */
export function controlFields(spec: PackageSpec, installedSizeKiB: number): readonly ControlField[] {
  const { relations } = spec
  // Debian Policy 7.6.2: a package that takes the place of another conflicts with it and replaces it.
  const conflicts = withoutRepeats([...relations.conflicts, ...relations.obsoletes])
  const replaces = withoutRepeats([...relations.replaces, ...relations.obsoletes])
  const fields: (readonly [string, string | undefined])[] = [
    ['Package', spec.name],
    ['Version', debVersion(spec.version)],
    ['Architecture', knownArchitecture(spec.architecture)],
    ['Maintainer', spec.maintainer],
    ['Installed-Size', String(installedSizeKiB)],
    ['Pre-Depends', renderRelations(relations.preDepends)],
    ['Depends', renderRelations(relations.depends)],
    ['Recommends', renderRelations(relations.recommends)],
    ['Suggests', renderRelations(relations.suggests)],
    ['Enhances', renderRelations(relations.enhances)],
    ['Breaks', renderRelations(relations.breaks)],
    ['Conflicts', renderRelations(conflicts)],
    ['Provides', renderRelations(relations.provides)],
    ['Replaces', renderRelations(replaces)],
    ['Section', spec.section],
    ['Priority', spec.priority],
    ['Homepage', spec.homepage],
    ['Vendor', spec.vendor],
    ['License', spec.license],
    ...Object.entries(spec.fields),
    ['Description', description({ ...spec, declaredVersion: spec.version.declared })],
  ]
  return fields.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value] as const],
  )
}

/** Names that the spec itself decides about; free fields may not repeat them. */
export const reservedFields: ReadonlySet<string> = new Set(
  [
    'Package',
    'Version',
    'Architecture',
    'Maintainer',
    'Installed-Size',
    'Pre-Depends',
    'Depends',
    'Recommends',
    'Suggests',
    'Enhances',
    'Breaks',
    'Conflicts',
    'Provides',
    'Replaces',
    'Section',
    'Priority',
    'Homepage',
    'Vendor',
    'License',
    'Description',
    // What only indexes have.
    'Filename',
    'Size',
    'MD5sum',
    'SHA1',
    'SHA256',
    'SHA512',
  ].map((name) => name.toLowerCase()),
)

function withoutRepeats(list: RelationList): RelationList {
  const texts = list.map((member) => renderRelations([member]))
  return list.filter((_member, index) => texts.indexOf(texts[index] ?? '') === index)
}

/** Policy 5.6.13: a synopsis, then lines with a space in front; a lone stop is an empty line. */
export function description({
  name,
  summary,
  description: text,
  declaredVersion,
}: Pick<PackageSpec, 'name' | 'summary' | 'description'> & { readonly declaredVersion: string }): string {
  // Lintian wants an extended description, and one that says more than the synopsis.
  const says = text.trim().replace(/\.$/, '')
  const extended =
    says === '' || says === summary ? `This package contains ${name} ${declaredVersion}.` : text.trim()
  const lines = extended.split('\n')
  return [summary, ...lines.map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))].join('\n')
}
