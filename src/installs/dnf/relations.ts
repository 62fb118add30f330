import type { CandidatePackage, InstallRelation, PackageRelations } from '../install-resolver.ts'
import { readFragment } from './fragment.ts'

export function relationsOf({ bytes, entry }: CandidatePackage): PackageRelations {
  const { relations, files } = readFragment(bytes)
  const names = (list: readonly InstallRelation[]) => list.map(({ name }) => name)
  return {
    provides: [...new Set([entry.name, ...names(relations.provides), ...files])],
    needs: relations.requires.flatMap(needsOf),
    wants: relations.recommends.flatMap((one) => needsOf(one).flatMap(names)),
    replaces: names(relations.obsoletes),
  }
}

/** A rich dependency is left to dnf. Of a choice any name will do; of others every name counts, so that none is missing for the wrong reason. */
function needsOf(relation: InstallRelation): readonly (readonly InstallRelation[])[] {
  if (!relation.name.startsWith('(')) return [[relation]]
  const tokens = tokensOf(relation.name)
  const terms = termsOf(tokens)
  const isChoice = tokens.every((token) => token === 'or' || !words.has(token))
  return isChoice ? [terms] : terms.map((one) => [one])
}

const words = new Set(['and', 'or', 'if', 'unless', 'else', 'with', 'without'])

/** rpm's docs/boolean_dependencies: terms, words between them, and parentheses around; `name(64bit)` is one term. */
function termsOf(tokens: readonly string[]): readonly InstallRelation[] {
  const terms: InstallRelation[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    const name = tokens[index] ?? ''
    if (words.has(name)) continue
    const operator = operatorOf(tokens[index + 1])
    if (operator === undefined) terms.push({ name })
    else {
      terms.push({ name, operator, version: tokens[index + 2] ?? '' })
      index += 2
    }
  }
  return terms
}

const operatorOf = (token: string | undefined): InstallRelation['operator'] =>
  token === '=' || token === '<' || token === '<=' || token === '>' || token === '>=' ? token : undefined

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = []
  let token = ''
  let depth = 0
  const end = () => {
    if (token !== '') tokens.push(token)
    token = ''
  }
  for (const character of text) {
    // A parenthesis inside of a name belongs to it, and closes before the name ends.
    if (character === '(' && token !== '') depth += 1
    if (/\s/.test(character) || (character === '(' && token === '') || (character === ')' && depth === 0)) {
      end()
      continue
    }
    if (character === ')') depth -= 1
    token += character
  }
  end()
  return tokens
}
