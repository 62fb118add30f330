import type { Path, Problem } from '../finding.ts'
import { namesOf } from '../kinds.ts'
import { nameHint } from '../name-hint.ts'
import { providerIn } from '../provider-in.ts'
import { namesIn, problem, type Rule, type RuleContext } from './rule.ts'

/** Keys and packages are used by names that the file declares. */
export const names: Rule = (context) => {
  const { config } = context
  const problems: Problem[] = []
  const known = { keys: namesIn(context, 'keys'), packages: namesIn(context, 'packages') }
  const check = (section: 'keys' | 'packages', name: string | undefined, path: Path) => {
    if (name === undefined) return
    if (known[section].includes(name)) {
      if (section === 'keys') problems.push(...keyProblems(name, context, path))
      return
    }
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

/** Packages, repositories and tags are signed by one kind of key, images by another. */
function keyProblems(name: string, { config, kinds }: RuleContext, path: Path): readonly Problem[] {
  const kind = providerIn(config.keys?.[name] ?? {}, kinds.artifactSigners)
  if (kind === undefined) return []
  const wanted = namesOf(kinds.signers).join(' or ')
  const hint = `Name a key of the kind ${wanted}.`
  return [
    problem(
      path,
      'KEY_KIND',
      `"${name}" is of the kind ${kind.name}, which is for images and modules.`,
      hint,
    ),
  ]
}
