import type { PackageChanges } from '../package-changes.ts'
import type { RelationList } from '../package-spec.ts'
import { type ControlField, fieldOf } from './control.ts'
import { description } from './fields.ts'
import { renderRelations } from './relations.ts'
import { debVersion } from './version.ts'

/** The control file of a package under another name: what was said anew replaces, relations are added, the rest stays. */
export function changedFields(
  original: readonly ControlField[],
  changes: PackageChanges,
): readonly ControlField[] {
  const changed = new Map<string, string>()
  for (const [name, value] of [...replaced(original, changes), ...added(original, changes)]) {
    if (value !== undefined && value !== '') changed.set(name, value)
  }
  const kept = original.map(([name, value]): ControlField => {
    const found = [...changed.keys()].find((one) => one.toLowerCase() === name.toLowerCase())
    const now = found === undefined ? undefined : changed.get(found)
    if (found !== undefined) changed.delete(found)
    return [name, now ?? value]
  })
  const isDescription = ([name]: ControlField): boolean => name.toLowerCase() === 'description'
  return [...kept.filter((field) => !isDescription(field)), ...changed, ...kept.filter(isDescription)]
}

type Change = readonly [name: string, value: string | undefined]

function replaced(original: readonly ControlField[], changes: PackageChanges): readonly Change[] {
  const { version, maintainer } = changes
  const former = fieldOf(original, 'Maintainer')
  const isOriginalKnown = fieldOf(original, 'Original-Maintainer') !== undefined
  const isOurs = maintainer !== undefined && maintainer !== former && !isOriginalKnown
  return [
    ['Package', changes.name],
    ['Version', version === undefined ? undefined : debVersion(version)],
    ['Maintainer', maintainer],
    ['Original-Maintainer', isOurs ? former : undefined],
    ['Section', changes.section],
    ['Priority', changes.priority],
    ['Homepage', changes.homepage],
    ['Vendor', changes.vendor],
    ['License', changes.license],
    ...Object.entries(changes.fields),
    ['Description', descriptionOf(original, changes)],
  ]
}

function descriptionOf(
  original: readonly ControlField[],
  { name, summary, description: text }: PackageChanges,
): string | undefined {
  if (summary === undefined && text === undefined) return undefined
  const [synopsis = '', ...lines] = (fieldOf(original, 'Description') ?? '').split('\n')
  if (text === undefined) return [summary, ...lines].join('\n')
  return description({
    name,
    summary: summary ?? synopsis,
    description: text,
    declaredVersion: fieldOf(original, 'Version') ?? '',
  })
}

/** Ours behind theirs; one that they have already is not repeated. */
function added(original: readonly ControlField[], { relations }: PackageChanges): readonly Change[] {
  const lists: readonly (readonly [string, RelationList])[] = [
    ['Pre-Depends', relations.preDepends],
    ['Depends', relations.depends],
    ['Recommends', relations.recommends],
    ['Suggests', relations.suggests],
    ['Enhances', relations.enhances],
    ['Breaks', relations.breaks],
    ['Conflicts', [...relations.conflicts, ...relations.obsoletes]],
    ['Provides', relations.provides],
    ['Replaces', [...relations.replaces, ...relations.obsoletes]],
  ]
  return lists.map(([name, list]) => {
    const theirs = (fieldOf(original, name) ?? '')
      .split(',')
      .map((relation) => relation.replace(/\s+/g, ' ').trim())
      .filter((relation) => relation !== '')
    const ours = list.map((relation) => renderRelations([relation]))
    const fresh = ours.filter(
      (relation, index) => !theirs.includes(relation) && ours.indexOf(relation) === index,
    )
    return [name, fresh.length === 0 ? undefined : [...theirs, ...fresh].join(', ')]
  })
}
