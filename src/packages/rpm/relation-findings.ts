import type { SpecFinding } from '../package-format.ts'
import type { Relation, RelationList, Relations } from '../package-spec.ts'
import { rpmRelationVersion, rpmVersionFindings } from './version.ts'

// The order of `Relations`; "replaces" is dpkg's takeover of single files, for which rpm has no word.
const renderedRelations = [
  'depends',
  'preDepends',
  'recommends',
  'suggests',
  'enhances',
  'conflicts',
  'breaks',
  'provides',
  'obsoletes',
] as const satisfies readonly (keyof Relations)[]

/** Where rpm has no boolean dependencies. */
const plainRelations: ReadonlySet<keyof Relations> = new Set(['conflicts', 'breaks', 'provides', 'obsoletes'])

/** What rpm cannot say of the declared relations. */
export function relationFindings(relations: Relations): readonly SpecFinding[] {
  return renderedRelations.flatMap((kind) => listFindings(kind, relations[kind]))
}

function listFindings(kind: keyof Relations, list: RelationList): readonly SpecFinding[] {
  const findings: SpecFinding[] = []
  for (const [index, alternatives] of list.entries()) {
    const path = ['relations', kind, index]
    if (plainRelations.has(kind) && alternatives.length > 1) {
      findings.push({
        path,
        code: 'RPM_RELATION_ALTERNATIVES',
        message: `"${kind}" cannot have alternatives.`,
        hint: 'Write each package as a member of its own.',
      })
    }
    for (const { name, operator, version } of alternatives) {
      const rendered = renderedVersion(version)
      if (!/^\S+$/.test(name) || /[,|<>=\p{Cc}]/u.test(name)) findings.push(relationName(path, name))
      if (rendered !== '' && !evrPattern.test(rendered)) findings.push(relationVersion(path, name, rendered))
      if (kind === 'provides' && operator !== undefined && operator !== '=') {
        findings.push({
          path,
          code: 'RPM_PROVIDES_OPERATOR',
          message: `"${name} ${operator} ${rendered}" is provided, and what is provided has one version.`,
          hint: `Write "${name} = ${rendered}", or leave the version out.`,
        })
      }
    }
  }
  return findings
}

/** `[epoch:]version[-release]`. */
const evrPattern = /^(?:\d+:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?$/

function relationName(path: readonly (string | number)[], name: string): SpecFinding {
  return {
    path,
    code: 'RPM_RELATION_NAME',
    message: `"${name}" cannot be the name in a relation.`,
    hint: 'Write the name alone, and operator and version beside it.',
  }
}

function relationVersion(path: readonly (string | number)[], name: string, version: string): SpecFinding {
  return {
    path,
    code: 'RPM_RELATION_VERSION',
    message: `The relation to "${name}" has the version "${version}", which rpm cannot compare.`,
    hint: 'Write [epoch:]version[-release] with letters, digits and . _ + ~ ^ only; rpm has one hyphen, before the release.',
  }
}

function renderedVersion(version: Relation['version']): string {
  if (version === undefined || typeof version === 'string') return rpmRelationVersion(version ?? '')
  // A version that cannot be rendered is shown as it was declared, and is refused for its characters.
  return rpmVersionFindings(version).length === 0 ? rpmRelationVersion(version) : `?${version.declared}`
}
