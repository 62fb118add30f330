import { patternProblem } from '../../downstream/version-pattern.ts'
import { parseYamlPath } from '../../downstream/yaml-path.ts'
import type { Path, Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import { quote } from '../quote.ts'
import type { WrittenConsumer, WrittenEdit } from '../schema/consumer-schema.ts'
import { listText } from '../schema/inspect.ts'
import { validate } from '../validate.ts'
import { keysAt, writtenAt } from '../written.ts'
import { packageAt, valueProblems } from './consumer-values.ts'
import { problem, type Rule, type RuleContext } from './rule.ts'

/** Consumers name what the file declares, and each of their edits can be made. */
export const consumers: Rule = (context) =>
  Object.entries(context.config.consumers ?? {}).flatMap(([name, one]) => {
    const path = ['consumers', name]
    return [
      ...environmentProblems(one, path, context),
      ...branchProblems(one, path, context),
      ...(one.edits ?? []).flatMap((edit, index) =>
        editProblems(edit, one, [...path, 'edits', index], context),
      ),
      ...testProblems(one, path, context),
    ]
  })

function environmentProblems(
  { environments = [] }: WrittenConsumer,
  path: Path,
  { root }: RuleContext,
): readonly Problem[] {
  const known = keysAt(root, ['environments'])
  return environments.flatMap((name, index) => {
    const at = [...path, 'environments', index]
    if (!known.includes(name)) {
      const hint = nameHint(name, known, 'environments')
      return [problem(at, 'CONFIG_UNKNOWN_NAME', `There is no environment "${name}".`, hint)]
    }
    if (environments.indexOf(name) === index) return []
    return [problem(at, 'CONFIG_REPEATED', `"${name}" is named twice.`, 'Keep one of them.')]
  })
}

/** One pull request for each version: their branches differ. */
function branchProblems(
  { branch }: WrittenConsumer,
  path: Path,
  { version }: RuleContext,
): readonly Problem[] {
  if (branch === undefined || branch.includes(version.declared)) return []
  const message = `${quote(branch)} is the same for every version.`
  return [problem([...path, 'branch'], 'CONSUMER_BRANCH', message, 'Put ${version} into it.')]
}

function editProblems(
  edit: WrittenEdit,
  consumer: WrittenConsumer,
  path: Path,
  context: RuleContext,
): readonly Problem[] {
  const kinds = keysAt(context.root, path)
  const [, second] = kinds
  if (second !== undefined) {
    const message = `"${kinds[0]}" and "${second}" exclude each other.`
    return [problem([...path, second], 'CONSUMER_EDIT', message, 'Make two edits of them.')]
  }
  if (kinds.length === 0) {
    const hint = 'Add yaml, versions or mentions.'
    return [problem(path, 'CONSUMER_EDIT', 'The edit does not say what kind it is.', hint)]
  }
  if (edit.yaml !== undefined) return yamlProblems(edit.yaml, consumer, [...path, 'yaml'], context)
  if (edit.mentions !== undefined) {
    return packagesProblems(edit.mentions.packages ?? [], [...path, 'mentions'], context)
  }
  return edit.versions === undefined
    ? []
    : versionsProblems(edit.versions, consumer, [...path, 'versions'], context)
}

function yamlProblems(
  { values = {} }: NonNullable<WrittenEdit['yaml']>,
  consumer: WrittenConsumer,
  path: Path,
  context: RuleContext,
): readonly Problem[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const at = [...path, 'values', key]
    if (parseYamlPath(key) !== undefined) return valueProblems(value, consumer, at, context)
    const hint = 'Write keys with "." between them, places in lists as [0], and keys with dots as ["a.b"].'
    return [
      { ...problem(at, 'CONSUMER_PATH', `${quote(key)} is no path of a value.`, hint), at: 'key' as const },
    ]
  })
}

function versionsProblems(
  { packages, pattern, variants, format, value, files = [] }: NonNullable<WrittenEdit['versions']>,
  consumer: WrittenConsumer,
  path: Path,
  context: RuleContext,
): readonly Problem[] {
  const problems: Problem[] = []
  const say = (at: Path, message: string, hint: string) => {
    problems.push(problem([...path, ...at], 'CONSUMER_EDIT', message, hint))
  }
  const given = keysAt(context.root, path)
  const has = (key: string): boolean => given.includes(key)
  if (has('packages') === has('value')) {
    const hint = 'Name packages, whose versions are found beside their names, or the value.'
    say([], 'It needs either "packages" or "value".', hint)
  } else if (has('packages') && has('variants') === has('format')) {
    const hint = `Write "format" (${listText(context.kinds.packageFormats, 'or')}), or "variants" where the file has a word for each.`
    say([], 'It does not say which format the versions are of.', hint)
  } else if (has('value') && (has('variants') || has('format'))) {
    say([has('format') ? 'format' : 'variants'], 'It means nothing beside "value".', 'Remove it.')
  } else if (pattern !== undefined) {
    const complaint = patternProblem(pattern, { hasPackages: has('packages'), hasVariants: has('variants') })
    if (complaint !== undefined) {
      const hint = "Such as '${name}: ${version}'; docs/consume.md has more."
      problems.push(
        problem([...path, 'pattern'], 'CONSUMER_PATTERN', `The pattern cannot be used: ${complaint}.`, hint),
      )
    }
  }
  for (const [index, file] of files.entries()) {
    if (!/[*?[\]{}]/.test(file)) continue
    say(['files', index], `${quote(file)} is a glob.`, 'Name each file: every one has to have the versions.')
  }
  const formats = [...(format === undefined ? [] : [format]), ...Object.values(variants ?? {})]
  const known = packagesProblems(packages ?? [], path, context, formats)
  return [
    ...problems,
    ...known,
    ...(value === undefined ? [] : valueProblems(value, consumer, [...path, 'value'], context)),
  ]
}

function packagesProblems(
  packages: readonly string[],
  path: Path,
  context: RuleContext,
  formats: readonly string[] = [],
): readonly Problem[] {
  return packages.flatMap((name, index) => packageAt(name, formats, [...path, 'packages', index], context))
}

function testProblems(
  { tests = [] }: WrittenConsumer,
  path: Path,
  { kinds, root }: RuleContext,
): readonly Problem[] {
  const names = tests.map(({ name }) => name)
  return tests.flatMap(({ name, job }, index) => {
    const at = [...path, 'tests', index]
    const repeated =
      name === undefined || names.indexOf(name) === index
        ? []
        : [
            problem(
              [...at, 'name'],
              'CONFIG_REPEATED',
              `"${name}" is used above already.`,
              'Give it another name.',
            ),
          ]
    const kind = kinds.jobs.find((one) => one.name === job?.provider)
    const optionsAt = [...at, 'job', 'options']
    const options = writtenAt(root, optionsAt)
    if (kind === undefined || options === undefined) return repeated
    return [...repeated, ...validate(kind.options, options, { basePath: optionsAt }).problems]
  })
}
