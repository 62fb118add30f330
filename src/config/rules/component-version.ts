import type { Path, Problem } from '../finding.ts'
import { nameHint } from '../name-hint.ts'
import { formatsOf } from '../variants.ts'
import { keysAt } from '../written.ts'
import { problem, type Rule, type RuleContext } from './rule.ts'

/** A release of a component: its version and build number are said once, and every format can write and sort them. */
export const componentVersion: Rule = (context) => {
  const { config, root, version } = context
  const name = version.component
  if (name === undefined) return []
  const known = keysAt(root, ['components'])
  if (!known.includes(name)) {
    const message = `There is no component "${name}".`
    return [
      problem(['version', 'component'], 'CONFIG_UNKNOWN_NAME', message, nameHint(name, known, 'components')),
    ]
  }
  const pinned = config.components?.[name]?.version
  if (pinned === undefined) return buildProblems(context)
  const released = releaseProblems(name, pinned, context)
  return [...buildProblems(context), ...(released.length > 0 ? released : formatProblems(name, context))]
}

/** The build number is part of the release's version; a second one would contradict it sooner or later. */
function buildProblems({ config }: RuleContext): readonly Problem[] {
  const problems: Problem[] = []
  const report = (path: Path) => {
    const hint =
      'Remove this one: with "version.component", release 1.5.2-3 is build 3 of every package without a "version" of its own.'
    const message = 'The build number is written here and in the version of each release.'
    problems.push(problem(path, 'VERSION_BUILD_TWICE', message, hint))
  }
  if (config.version?.build !== undefined) report(['version', 'build'])
  for (const [name, one] of Object.entries(config.packages ?? {})) {
    if (one.build !== undefined && one.version === undefined) report(['packages', name, 'build'])
    for (const [key, override] of Object.entries(one.overrides ?? {})) {
      const hasOwnVersion = (override.version ?? one.version) !== undefined
      if (override.build !== undefined && !hasOwnVersion) {
        report(['packages', name, 'overrides', key, 'build'])
      }
    }
  }
  return problems
}

/** What is released is a build of what is pinned. */
function releaseProblems(name: string, pinned: string, { version }: RuleContext): readonly Problem[] {
  const { declared, build } = version
  if (build === '') {
    const rest = declared.startsWith(`${pinned}-`) ? declared.slice(pinned.length + 1) : undefined
    const message =
      rest === undefined
        ? `The version "${declared}" has no build number.`
        : `"${rest}" in the version "${declared}" is no build number.`
    const hint = `A release of a component is UPSTREAM-BUILD, and builds are counted 1, 2, 3: write ${pinned}-1 for the first, or "next" for the next.`
    return [problem(['version', 'component'], 'VERSION_NO_BUILD', message, hint)]
  }
  if (declared === pinned) return []
  const message = `${declared}-${build} is a release of ${name} ${declared}, and this file pins ${pinned}.`
  const hint = `Release ${pinned}-N ("hawser next" says which N), or run "hawser bump component ${name} ${declared}" and commit that first.`
  return [problem(['components', name, 'version'], 'VERSION_NOT_PINNED', message, hint)]
}

/** What the formats in use say of the version, once for all packages. */
function formatProblems(name: string, { config, kinds, version }: RuleContext): readonly Problem[] {
  const packages = Object.keys(config.packages ?? {})
  const inUse = packages.flatMap((one) => formatsOf(one, config, kinds))
  const formats = inUse.length === 0 ? kinds.packageFormats : inUse
  return [...new Set(formats)].flatMap((format) =>
    kinds.versions.findings(format, version).map(({ member, code, message, hint }) => {
      const isOfFile = member === 'scheme' || member === 'epoch'
      return problem(isOfFile ? ['version', member] : ['components', name, 'version'], code, message, hint)
    }),
  )
}
