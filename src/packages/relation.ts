import { UserError } from '../errors.ts'
import type { Relation, RelationList, RelationOperator } from './package-spec.ts'

/** `"libc6 >= 2.17 | musl"`, also as Debian writes it, `"libc6 (>= 2.17), zlib1g"`, once for every format. */
export function parseRelations(text: string): RelationList {
  return text
    .split(',')
    .map((member) => member.split('|').map((alternative) => parseRelation(alternative.trim(), text)))
}

// A parenthesis belongs to a name (rpm's `perl(Foo)`), unless an operator follows it.
const relationPattern =
  /^(?<name>[^\s<>=(]+(?:\((?!\s*[<>=])[^\s()]*\))*)\s*(?:(?<bracket>\()?\s*(?<operator><<|<=|<|>>|>=|>|==?)\s*(?<version>[^\s<>=()]+)\s*(?<close>\))?)?$/

function parseRelation(alternative: string, whole: string): Relation {
  const groups = relationPattern.exec(alternative)?.groups
  const name = groups?.['name']
  if (name === undefined || (groups?.['bracket'] === undefined) !== (groups?.['close'] === undefined)) {
    throw new UserError('RELATION_SYNTAX', `The relation "${whole}" cannot be read${at(alternative)}.`, {
      hint: 'Write a name, or a name with a version, for example "libc6 >= 2.17" or "libc6 >= 2.17 | musl".',
    })
  }
  const operator = groups?.['operator']
  const version = groups?.['version']
  if (operator === undefined || version === undefined) return { name }
  return { name, operator: operators[operator] ?? '=', version }
}

const at = (alternative: string): string =>
  alternative === '' ? ': a name is missing' : `, at "${alternative}"`

// Debian's << and >> are the strict ones; both formats' spellings mean the same here.
const operators: { readonly [written: string]: RelationOperator } = {
  '=': '=',
  '==': '=',
  '<': '<',
  '<<': '<',
  '<=': '<=',
  '>': '>',
  '>>': '>',
  '>=': '>=',
}

/** As people write it: `libc6 >= 2.17 | musl`. */
export function relationText(alternatives: readonly Relation[]): string {
  return alternatives
    .map(({ name, operator, version }) => {
      if (operator === undefined || version === undefined) return name
      return `${name} ${operator} ${typeof version === 'string' ? version : version.declared}`
    })
    .join(' | ')
}
