import type { Path, Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import type { WrittenConsumer, WrittenValue } from '../schema/consumer-schema.ts'
import { listText } from '../schema/inspect.ts'
import { formatsOf, repositoryViews } from '../variants.ts'
import { plainOf, writtenAt } from '../written.ts'
import { namesIn, problem, type RuleContext } from './rule.ts'

/** A package that the file declares, built in these formats. */
export function packageAt(
  name: string,
  formats: readonly string[],
  path: Path,
  context: RuleContext,
): readonly Problem[] {
  const known = namesIn(context, 'packages')
  if (!known.includes(name)) {
    const hint = nameHint(name, known, 'packages')
    return [problem(path, 'CONFIG_UNKNOWN_NAME', `There is no package "${name}".`, hint)]
  }
  if (hasVersionOfOthers(name, context)) {
    const message = `"${name}" has the version of the package that it is made of, which is not known before it is read.`
    const hint = `Write packages.${name}.version, or take the package out here.`
    return [problem(path, 'CONSUMER_VERSION', message, hint)]
  }
  const built = formatsOf(name, context.config, context.kinds)
  const missing = formats.find((format) => !built.includes(format))
  if (missing === undefined) return []
  const hint = `Add ${missing} to packages.${name}.formats, or name another package.`
  return [problem(path, 'CONSUMER_FORMAT', `"${name}" is not built as ${missing}.`, hint)]
}

function hasVersionOfOthers(name: string, { config }: RuleContext): boolean {
  const { repackage, version, overrides = {} } = config.packages?.[name] ?? {}
  return (
    repackage !== undefined &&
    version === undefined &&
    !Object.values(overrides).some((one) => one.version !== undefined)
  )
}

/** What a value stands for is one thing in each environment of the consumer. */
export function valueProblems(
  value: WrittenValue,
  consumer: WrittenConsumer,
  path: Path,
  context: RuleContext,
): readonly Problem[] {
  if (typeof value === 'string') {
    if (!/[\r\n]/.test(value)) return []
    const hint = 'An edit never changes how many lines a file has.'
    return [problem(path, 'CONSUMER_VALUE', 'The value has more than one line.', hint)]
  }
  if ('package' in value) {
    return packageAt(value.package, [value.format], [...path, 'package'], context)
  }
  const key = 'repository' in value ? 'repository' : 'publicKey'
  const format = 'repository' in value ? value.repository : value.publicKey
  return repositoryProblems(format, consumer, [...path, key], context)
}

function repositoryProblems(
  format: string,
  { environments }: WrittenConsumer,
  path: Path,
  context: RuleContext,
): readonly Problem[] {
  const all = Object.keys(context.config.repositories ?? {})
  const places =
    environments === undefined
      ? [{ where: 'the file', names: all }]
      : environments.flatMap((name) => {
          const names = repositoriesOf(name, context)
          return names === undefined ? [] : [{ where: `the environment "${name}"`, names }]
        })
  const views = repositoryViews(context.config, context.kinds)
  return places.flatMap(({ where, names }) => {
    const found = views.filter((view) => names.includes(view.name) && view.packageFormat === format)
    const [first, second] = found
    if (first === undefined) {
      const message = `There is no repository for ${format} in ${where}.`
      return [problem(path, 'CONSUMER_REPOSITORY', message, `Add one, or name another format.`)]
    }
    if (second !== undefined) {
      const list = listText(
        found.map(({ name }) => name),
        'and',
      )
      const message = `There are several repositories for ${format} in ${where}: ${list}.`
      return [problem(path, 'CONSUMER_REPOSITORY', message, 'Write the address as a text.')]
    }
    if (context.config.repositories?.[first.name]?.url !== undefined) return []
    const message = `The repository "${first.name}" has no "url".`
    const hint = `Add repositories.${first.name}.url: where clients find it.`
    return [problem(path, 'CONSUMER_REPOSITORY', message, hint)]
  })
}

/** Undefined when there is no such environment, which has been said. */
function repositoriesOf(environment: string, { root }: RuleContext): readonly string[] | undefined {
  const found = writtenAt(root, ['environments', environment, 'repositories'])
  if (found === undefined) return undefined
  const plain = plainOf(found)
  return Array.isArray(plain) ? plain.map(String) : []
}
