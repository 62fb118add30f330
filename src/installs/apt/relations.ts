import { decoded, parseFields } from '../../repositories/apt/deb822.ts'
import type {
  CandidatePackage,
  InstallRelation,
  PackageRelations,
  RelationOperator,
} from '../install-resolver.ts'

/** What a paragraph of Packages says. Fields that nobody asks for here are not looked at. */
export function relationsOf({ bytes, entry }: CandidatePackage): PackageRelations {
  const fields = new Map(
    (parseFields(Buffer.from(bytes).toString('latin1').trimEnd()) ?? []).map(({ name, value }) => [
      name.toLowerCase(),
      decoded(value),
    ]),
  )
  const list = (name: string) => relationList(fields.get(name) ?? '')
  const names = (name: string) => list(name).flatMap((any) => any.map((one) => one.name))
  return {
    provides: [entry.name, ...names('provides')],
    needs: [...list('pre-depends'), ...list('depends')],
    wants: names('recommends'),
    replaces: names('replaces'),
  }
}

const operators: { readonly [sign: string]: RelationOperator | undefined } = {
  '=': '=',
  '<<': '<',
  '<=': '<=',
  '<': '<=', // Debian Policy 7.1: the old meaning of the deprecated sign.
  '>>': '>',
  '>=': '>=',
  '>': '>=',
}

/** Debian Policy 7.1. `name:any` keeps its qualifier: it asks for something else than the name. */
function relationList(text: string): readonly (readonly InstallRelation[])[] {
  return text
    .split(',')
    .map((member) => member.split('|').flatMap(relationOf))
    .filter((any) => any.length > 0)
}

function relationOf(text: string): readonly InstallRelation[] {
  const [, name, sign, version] = /^\s*([^\s(]+)\s*(?:\(\s*([<>=]+)\s*([^\s)]+)\s*\))?/.exec(text) ?? []
  if (name === undefined) return []
  const operator = sign === undefined ? undefined : operators[sign]
  return [operator === undefined ? { name } : { name, operator, version }]
}
