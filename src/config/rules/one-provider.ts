import type { Path, Problem } from '../finding.ts'
import type { Kind } from '../kinds.ts'
import { keyKinds, namesOf } from '../kinds.ts'
import { repositoryFields } from '../schema/config-schema.ts'
import { listText } from '../schema/inspect.ts'
import { keysAt } from '../written.ts'
import { problem, type Rule, type RuleContext } from './rule.ts'

/** Every source, key, repository, storage and forge names exactly one provider. */
export const oneProvider: Rule = (context) => {
  const { config, kinds } = context
  const problems: Problem[] = []
  const check = (path: Path, known: readonly Kind[], common: readonly string[] = []) => {
    problems.push(...checkOne(context, path, known, common))
  }
  for (const name of Object.keys(config.sources ?? {})) check(['sources', name], kinds.sources)
  for (const name of Object.keys(config.keys ?? {})) check(['keys', name], keyKinds(kinds))
  for (const name of Object.keys(config.repositories ?? {})) {
    check(['repositories', name], kinds.repositories, repositoryFields)
    check(['repositories', name, 'storage'], kinds.storages)
  }
  for (const name of Object.keys(config.consumers ?? {})) check(['consumers', name, 'forge'], kinds.forges)
  if (config.forge !== undefined) check(['forge'], kinds.forges)
  return problems
}

function checkOne(
  { root }: RuleContext,
  path: Path,
  kinds: readonly Kind[],
  common: readonly string[],
): readonly Problem[] {
  const written = keysAt(root, path)
  const known = namesOf(kinds)
  const [first, second] = written.filter((key) => known.includes(key))
  if (second !== undefined) {
    const message = `"${first}" and "${second}" exclude each other.`
    return [problem([...path, second], 'CONFIG_PROVIDER', message, 'Keep one of them.')]
  }
  // A key that is not known here has its own finding, with what it may have been meant for.
  const hasUnknown = written.some((key) => !known.includes(key) && !common.includes(key))
  if (first !== undefined || hasUnknown) return []
  const hint = `Add one of these keys: ${listText(known, 'or')}.`
  return [problem(path, 'CONFIG_PROVIDER', 'It does not say what kind it is.', hint)]
}
