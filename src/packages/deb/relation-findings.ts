import type { SpecFinding } from '../package-format.ts'
import type { Relation, RelationList, Relations } from '../package-spec.ts'
import { relationText } from '../relation.ts'
import { debRelationVersion } from './version.ts'

/** Relations that dpkg cannot read; deb-control(5) and Debian Policy 7.1. */
export function relationFindings(relations: Relations): readonly SpecFinding[] {
  return (Object.keys(relations) as (keyof Relations)[]).flatMap(
    (
      kind, // Relations has no other keys
    ) =>
      relations[kind].flatMap((alternatives, index) => {
        const problem = memberProblem(kind, alternatives)
        return problem === undefined ? [] : { path: ['relations', kind, index], ...problem }
      }),
  )
}

type Problem = Omit<SpecFinding, 'path'>

const withoutAlternatives: readonly (keyof Relations)[] = [
  'breaks',
  'conflicts',
  'obsoletes',
  'provides',
  'replaces',
]

function memberProblem(kind: keyof Relations, alternatives: RelationList[number]): Problem | undefined {
  if (alternatives.length === 0 || (alternatives.length > 1 && withoutAlternatives.includes(kind))) {
    return {
      code: 'DEB_RELATION_ALTERNATIVES',
      message: `"${relationText(alternatives)}" in ${kind} does not name exactly one package.`,
      hint: `Make an entry of its own for each package: ${kind} has no alternatives.`,
    }
  }
  for (const relation of alternatives) {
    const problem = nameProblem(relation) ?? versionProblem(kind, relation)
    if (problem !== undefined) return problem
  }
  return undefined
}

function nameProblem({ name }: Relation): Problem | undefined {
  if (/^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?$/.test(name)) return undefined
  return {
    code: 'DEB_RELATION_NAME',
    message: `"${name}" is not the name of a Debian package.`,
    hint: "Name the Debian package that has it, in the package's deb part if rpm calls it something else.",
  }
}

function versionProblem(kind: keyof Relations, relation: Relation): Problem | undefined {
  const { operator, version } = relation
  if (operator === undefined || version === undefined) return undefined
  if (kind === 'provides' && operator !== '=') {
    return {
      code: 'DEB_PROVIDES_OPERATOR',
      message: `"${relationText([relation])}" in provides does not name one version.`,
      hint: 'Provide a version with "=", or none.',
    }
  }
  const written = debRelationVersion(version)
  if (/^(\d+:)?\d[A-Za-z0-9.+~-]*$/.test(written)) return undefined
  return {
    code: 'DEB_RELATION_VERSION',
    message: `"${written}" in "${relationText([relation])}" is not a Debian version.`,
    hint: 'Begin with a digit, and use letters, digits and . + ~ - only.',
  }
}
