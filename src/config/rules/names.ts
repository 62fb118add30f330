import type { Path, Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import { namesIn, problem, type Rule } from './rule.ts'

/** Keys and packages are used by names that the file declares. */
export const names: Rule = (context) => {
  const { config } = context
  const problems: Problem[] = []
  const known = { keys: namesIn(context, 'keys'), packages: namesIn(context, 'packages') }
  const check = (section: 'keys' | 'packages', name: string | undefined, path: Path) => {
    if (name === undefined || known[section].includes(name)) return
    const message = `There is no ${section === 'keys' ? 'key' : 'package'} "${name}".`
    problems.push(problem(path, 'CONFIG_UNKNOWN_NAME', message, nameHint(name, known[section], section)))
  }
  for (const [name, one] of Object.entries(config.packages ?? {})) {
    check('keys', one.sign, ['packages', name, 'sign'])
    for (const [key, override] of Object.entries(one.overrides ?? {})) {
      check('keys', override.sign, ['packages', name, 'overrides', key, 'sign'])
    }
  }
  for (const [name, { keys = [], packages = [] }] of Object.entries(config.repositories ?? {})) {
    for (const [index, key] of keys.entries()) check('keys', key, ['repositories', name, 'keys', index])
    for (const [index, one] of packages.entries())
      check('packages', one, ['repositories', name, 'packages', index])
    problems.push(
      ...repeated(keys, ['repositories', name, 'keys']),
      ...repeated(packages, ['repositories', name, 'packages']),
    )
  }
  check('keys', config.release?.signTag, ['release', 'signTag'])
  check('keys', config.release?.sign, ['release', 'sign'])
  return problems
}

function repeated(list: readonly string[], path: Path): readonly Problem[] {
  return list.flatMap((name, index) => {
    if (list.indexOf(name) === index) return []
    return [problem([...path, index], 'CONFIG_REPEATED', `"${name}" is named twice.`, 'Keep one of them.')]
  })
}
