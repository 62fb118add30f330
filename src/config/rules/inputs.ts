import type { Problem } from '../finding.ts'
import { quote } from '../quote.ts'
import { problem, type Rule } from './rule.ts'

/** A default is one of the values. (What is given on the command line is checked in inputs.ts.) */
export const inputDefaults: Rule = ({ config }) => {
  const problems: Problem[] = []
  for (const [name, { values, default: fallback }] of Object.entries(config.inputs ?? {})) {
    if (values === undefined || fallback === undefined || values.map(String).includes(String(fallback)))
      continue
    const hint = `Choose one of ${values.map(String).join(', ')}, or add it to "values".`
    const message = `${quote(fallback)} is not one of the values.`
    problems.push(problem(['inputs', name, 'default'], 'INPUT_DEFAULT', message, hint))
  }
  return problems
}
