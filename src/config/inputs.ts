import type { Problem } from './finding.ts'
import { nameHint } from './name-hint.ts'
import { quote } from './quote.ts'
import { listText } from './schema/inspect.ts'
import { keysAt, textAt, type Written, writtenAt } from './written.ts'

export interface ResolvedInputs {
  readonly values: { readonly [name: string]: string }
  readonly problems: readonly Problem[]
}

/**
 * The value of every declared input: as given, else its default. `isRehearsal`: the file is only checked, so an input
 * without a default takes its first value.
 */
export function resolveInputs(
  root: Written,
  given: { readonly [name: string]: string },
  isRehearsal: boolean,
): ResolvedInputs {
  const declared = keysAt(root, ['inputs'])
  const values: Record<string, string> = {}
  const problems: Problem[] = []
  for (const name of declared) {
    const choices = choicesOf(root, name)
    const value = Object.hasOwn(given, name) ? given[name] : textAt(root, ['inputs', name, 'default'])
    values[name] = value ?? choices[0] ?? ''
    if (value === undefined && !isRehearsal) problems.push(notGiven(name, choices))
    if (Object.hasOwn(given, name) && choices.length > 0 && !choices.includes(value ?? '')) {
      problems.push(notAChoice(name, value, choices))
    }
  }
  for (const name of Object.keys(given))
    if (!declared.includes(name)) problems.push(notDeclared(name, declared))
  return { values, problems }
}

function choicesOf(root: Written, name: string): readonly string[] {
  const values = writtenAt(root, ['inputs', name, 'values'])
  return values?.kind === 'list'
    ? values.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []))
    : []
}

const notGiven = (name: string, choices: readonly string[]): Problem => ({
  path: ['inputs', name],
  at: 'key',
  code: 'INPUT_MISSING',
  message: `The input "${name}" has no default, and was not given.`,
  hint: `Give it: --input ${name}=${choices.length === 0 ? 'VALUE' : choices.join('|')}.`,
})

const notAChoice = (name: string, value: string | undefined, choices: readonly string[]): Problem => ({
  path: ['inputs', name],
  at: 'key',
  code: 'INPUT_VALUE',
  message: `The input "${name}" was given as ${quote(value)}, which is not one of its values.`,
  hint: `Give ${listText(choices, 'or')}.`,
})

const notDeclared = (name: string, declared: readonly string[]): Problem => ({
  path: ['inputs'],
  at: 'key',
  code: 'INPUT_UNKNOWN',
  message: `The input "${name}" was given, and the file does not declare it.`,
  hint: nameHint(name, declared, 'inputs'),
})
