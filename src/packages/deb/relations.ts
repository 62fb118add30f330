import type { Relation, RelationList, RelationOperator } from '../package-spec.ts'
import { debRelationVersion } from './version.ts'

/** `libc6 (>= 2.17) | musl, zlib1g`, as dpkg reads it (deb-control(5)). */
export function renderRelations(list: RelationList): string {
  return list.map((alternatives) => alternatives.map(renderRelation).join(' | ')).join(', ')
}

function renderRelation({ name, operator, version }: Relation): string {
  if (operator === undefined || version === undefined) return name
  return `${name} (${debOperators[operator]} ${debRelationVersion(version)})`
}

// deb-control(5): a lone < or > is an old spelling of <= and >=.
const debOperators: Record<RelationOperator, string> = {
  '=': '=',
  '<': '<<',
  '<=': '<=',
  '>': '>>',
  '>=': '>=',
}
