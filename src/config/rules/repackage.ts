import type { Path, Problem } from '../finding.ts'
import { listText } from '../schema/inspect.ts'
import type { WrittenPackage, WrittenVariant } from '../schema/package-schema.ts'
import { problem, type Rule, type RuleContext } from './rule.ts'

/** A package of finished ones of others says nothing that would change what is inside of them. */
export const repackage: Rule = (context) =>
  Object.entries(context.config.packages ?? {}).flatMap(([name, one]) =>
    one.repackage === undefined
      ? []
      : [...foreignKeys(name, one), ...missingFormats(name, one, context), ...tooMany(name, one, context)],
  )

const foreign = [
  'contents',
  'scripts',
  'systemd',
  'triggers',
  'changelog',
  'compression',
] as const satisfies readonly (keyof WrittenVariant)[]

function foreignKeys(name: string, one: WrittenPackage): readonly Problem[] {
  const hint =
    'Remove it: contents, scripts and what belongs to them are those of the packages in "repackage". What is to come beside them belongs into a package of its own that depends on this one.'
  const report = (path: Path): Problem[] => [
    problem(path, 'REPACKAGE_KEY', `"${path.at(-1)}" means nothing beside "repackage".`, hint),
  ]
  const inOverrides = Object.entries(one.overrides ?? {}).flatMap(([key, override]) =>
    foreign.flatMap((field) =>
      override[field] === undefined ? [] : report(['packages', name, 'overrides', key, field]),
    ),
  )
  return [
    ...[...foreign, 'keyring' as const].flatMap((field) =>
      one[field] === undefined ? [] : report(['packages', name, field]),
    ),
    ...inOverrides,
  ]
}

function missingFormats(
  name: string,
  { formats = [], repackage: originals = {} }: WrittenPackage,
  { kinds }: RuleContext,
): readonly Problem[] {
  const known = kinds.packageFormats.filter((format) => originals[format] !== undefined)
  if (known.length === 0) {
    const hint = `Name the packages it is made of, for ${listText(kinds.packageFormats, 'or')}: repackage: { ${kinds.packageFormats[0] ?? ''}: [SOURCE] }.`
    return [problem(['packages', name, 'repackage'], 'CONFIG_MISSING', 'It names no package.', hint)]
  }
  return formats.flatMap((format, index) => {
    if (known.includes(format)) return []
    const message = `There is nothing to make the ${format} of.`
    const hint = `Add repackage.${format}, or take ${format} out of "formats".`
    return [problem(['packages', name, 'formats', index], 'REPACKAGE_FORMAT', message, hint)]
  })
}

function tooMany(
  name: string,
  { repackage: originals = {} }: WrittenPackage,
  { kinds }: RuleContext,
): readonly Problem[] {
  return Object.entries(originals).flatMap(([format, from = []]) => {
    const max = kinds.originalsMax(format)
    if (from.length <= max) return []
    const message = `It is made of ${from.length} ${format} packages, and at most ${max} can become one.`
    const hint = 'Make a package of each of them, and let one depend on the others.'
    return [problem(['packages', name, 'repackage', format, max], 'REPACKAGE_MANY', message, hint)]
  })
}
