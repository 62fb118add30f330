import type { FilePattern } from './config.ts'
import type { Problem } from './finding.ts'
import { mergeVariant } from './merge-variant.ts'
import { replaceArchitecture } from './references.ts'
import { filePatternOf } from './resolve-contents.ts'
import {
  checkTexts,
  forArchitecture,
  ownVersionOf,
  type PackageWorld,
  type Report,
  relationsOf,
  reportVersion,
} from './resolve-variant.ts'
import type { ResolvedRepackage, Variant } from './resolved-package.ts'

/** A package of finished ones of others for one variant, and everything wrong with what is said of it. Pure. */
export function resolveRepackage(
  name: string,
  variant: Variant,
  world: PackageWorld,
): { readonly resolved: ResolvedRepackage; readonly problems: readonly Problem[] } {
  const written = world.packages[name]
  if (written === undefined) throw new Error(`There is no package "${name}" in the config`)
  const merged = forArchitecture(mergeVariant(name, written, variant), variant.architecture)
  const problems: Problem[] = []
  const report: Report = (path, code, message, hint) => {
    problems.push({ path: merged.pathOf(path), code, message, hint })
  }
  const { fields } = merged
  const version = ownVersionOf(fields)
  if (version === undefined) refuseLonely(fields, report)
  else reportVersion(version, variant.format, world, fields, report)
  checkTexts(fields, report)
  const from = (written.repackage?.[variant.format] ?? []).map((text, index) =>
    originalOf(replaceArchitecture(text, variant.architecture), world.sourceNames, (code, message, hint) =>
      problems.push({ path: ['packages', name, 'repackage', variant.format, index], code, message, hint }),
    ),
  )
  const { summary, description, maintainer, vendor, homepage, license, section, priority } = fields
  const resolved: ResolvedRepackage = {
    ...variant,
    name,
    from,
    version,
    ...{ summary, description, maintainer, vendor, homepage, license, section, priority },
    relations: relationsOf(fields, variant, world, report),
    fields: fields.fields ?? {},
    sign: fields.sign,
  }
  return { resolved, problems }
}

/** Without a version of its own it has theirs whole. */
function refuseLonely(fields: { readonly build?: unknown; readonly epoch?: unknown }, report: Report): void {
  for (const field of ['build', 'epoch'] as const) {
    if (fields[field] === undefined) continue
    const message = `"${field}" stands without "version".`
    const hint =
      'Without "version" the package has the whole version of the one that it is made of. Add one, or remove this.'
    report([field], 'REPACKAGE_VERSION', message, hint)
  }
}

/** The name of a source alone means its one file. */
function originalOf(
  text: string,
  sourceNames: readonly string[],
  say: (code: string, message: string, hint: string) => void,
): FilePattern {
  if (sourceNames.includes(text)) return { source: text, pattern: '**' }
  return filePatternOf(text, sourceNames, say)
}
