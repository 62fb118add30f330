import type { Path, Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import { formatsOf, type RepositoryView, repositoryViews } from '../variants.ts'
import { namesIn, problem, type Rule, type RuleContext } from './rule.ts'

/** Commands name packages that this file publishes in the repository: a typing error would be tried, and refused, at the release. */
export const installs: Rule = (context) =>
  repositoryViews(context.config, context.kinds).flatMap((view) => {
    const commands = context.config.repositories?.[view.name]?.installs?.commands ?? []
    const path: Path = ['repositories', view.name, 'installs', 'commands']
    return [
      ...commands.flatMap((command, index) => commandProblems(command, [...path, index], view, context)),
      ...repeatedCommands(commands, path),
    ]
  })

function commandProblems(
  command: readonly string[],
  path: Path,
  view: RepositoryView,
  context: RuleContext,
): readonly Problem[] {
  const published = publishedIn(view, context)
  return command.flatMap((name, index) => {
    const place = [...path, index]
    if (command.indexOf(name) !== index) {
      return [problem(place, 'CONFIG_REPEATED', `"${name}" is named twice.`, 'Keep one of them.')]
    }
    if (published.includes(name)) return []
    if (/[=<>\s]/.test(name)) {
      const hint =
        'Name the package alone: each command is tried without versions, and with those of each release.'
      return [problem(place, 'INSTALLS_VERSION', `"${name}" is more than the name of a package.`, hint)]
    }
    const message = `"${name}" is not published in the repository "${view.name}".`
    return [problem(place, 'INSTALLS_PACKAGE', message, nameHint(name, published, 'packages in it'))]
  })
}

function publishedIn({ packages, packageFormat }: RepositoryView, context: RuleContext): readonly string[] {
  const { config, kinds } = context
  const declared = packages ?? namesIn(context, 'packages')
  // What a package with mistakes is built as is not known; its own findings say more.
  return declared.filter(
    (name) => config.packages?.[name] === undefined || formatsOf(name, config, kinds).includes(packageFormat),
  )
}

function repeatedCommands(commands: readonly (readonly string[])[], path: Path): readonly Problem[] {
  const texts = commands.map((command) => command.toSorted().join(' '))
  return texts.flatMap((text, index) => {
    if (texts.indexOf(text) === index) return []
    const message = `The command "${text}" is there twice.`
    return [problem([...path, index], 'CONFIG_REPEATED', message, 'Keep one of them.')]
  })
}
