import { UserError } from '../../errors.ts'
import { isTag, parseReference } from '../../oci/reference.ts'
import type { Path, Problem } from '../finding.ts'
import { namesOf } from '../kinds.ts'
import { nameHint } from '../name-hint.ts'
import { providerIn } from '../provider-in.ts'
import { quote } from '../quote.ts'
import { platformsOf, resolveImage } from '../resolve-image.ts'
import { nativeImageFields, type WrittenImage } from '../schema/image-schema.ts'
import { formatsOf } from '../variants.ts'
import { namesIn, problem, type Rule, type RuleContext } from './rule.ts'

/** Every image can be built and pushed, as far as can be said without fetching anything. */
export const images: Rule = (context) =>
  Object.entries(context.config.images ?? {}).flatMap(([name, one]) => [
    ...checkKind(name, one),
    ...platformProblems(name, one, context),
    ...checkPackages(name, one, context),
    ...checkKeys(name, one, context),
    ...checkTargets(name, one),
    ...checkArchitecture(name, one),
  ])

function checkKind(name: string, one: WrittenImage): readonly Problem[] {
  if (one.dockerfile !== undefined) {
    return nativeImageFields.flatMap((field) => {
      if (one[field] === undefined) return []
      const hint = 'The Dockerfile says it. Remove one of them.'
      return [problem(['images', name, field], 'IMAGE_KIND', `"${field}" stands beside "dockerfile".`, hint)]
    })
  }
  if (one.layers !== undefined || one.base !== undefined) return []
  const hint = 'Add "layers" (and a "base"), or "dockerfile".'
  return [problem(['images', name], 'IMAGE_KIND', 'The image does not say what is in it.', hint)]
}

function platformProblems(name: string, one: WrittenImage, context: RuleContext): readonly Problem[] {
  const sourceNames = namesIn(context, 'sources')
  const found = platformsOf(one).flatMap(
    (platform) => resolveImage(name, one, platform, sourceNames).problems,
  )
  // What is wrong for each platform is said once.
  const seen = new Set<string>()
  return found.filter(({ path, code, message }) => {
    const key = JSON.stringify([path, code, message])
    return seen.has(key) ? false : seen.add(key)
  })
}

function checkPackages(
  name: string,
  { layers = [] }: WrittenImage,
  context: RuleContext,
): readonly Problem[] {
  const { config, kinds } = context
  const known = namesIn(context, 'packages')
  return layers.flatMap(({ packages = [] }, layer) =>
    packages.flatMap((one, index) => {
      const path = ['images', name, 'layers', layer, 'packages', index]
      if (!known.includes(one))
        return [
          problem(
            path,
            'CONFIG_UNKNOWN_NAME',
            `There is no package "${one}".`,
            nameHint(one, known, 'packages'),
          ),
        ]
      const [format] = kinds.unpackedFormats
      const isBuilt = formatsOf(one, config, kinds).some((built) => kinds.unpackedFormats.includes(built))
      if (isBuilt) return []
      const message = `"${one}" is not built as ${format}, which layers are made of.`
      return [problem(path, 'IMAGE_PACKAGE', message, `Add ${format} to packages.${one}.formats.`)]
    }),
  )
}

function checkKeys(
  name: string,
  { sign = [], attest }: WrittenImage,
  context: RuleContext,
): readonly Problem[] {
  const problems = artifactKeyProblems(sign, context, ['images', name, 'sign'])
  if (attest !== true || sign.length > 0) return problems
  const hint = 'Nobody can trust what nobody signed: name a key in "sign".'
  return [...problems, problem(['images', name, 'attest'], 'IMAGE_ATTEST', 'Attestations need a key.', hint)]
}

/** Keys that sign images and modules are there, and of the right kind. */
export function artifactKeyProblems(
  names: readonly string[],
  context: RuleContext,
  at: Path,
): readonly Problem[] {
  const known = namesIn(context, 'keys')
  return names.flatMap((key, index) => {
    const path = [...at, index]
    if (known.includes(key)) return wrongKind(key, context, path)
    return [problem(path, 'CONFIG_UNKNOWN_NAME', `There is no key "${key}".`, nameHint(key, known, 'keys'))]
  })
}

/** What is said of all platforms at once cannot name one of them. */
function checkArchitecture(name: string, one: WrittenImage): readonly Problem[] {
  if (platformsOf(one).length < 2) return []
  return (['annotations', 'push', 'tags', 'dockerfile'] as const).flatMap((field) => {
    if (!/(?<!\$)\$\{\s*arch\s*\}/.test(JSON.stringify(one[field] ?? ''))) return []
    const hint = 'It is for all platforms. Build an image for each architecture, or leave it out.'
    return [problem(['images', name, field], 'IMAGE_ARCHITECTURE', '"${arch}" is several here.', hint)]
  })
}

function checkTargets(name: string, { push = [], tags = [] }: WrittenImage): readonly Problem[] {
  const problems: Problem[] = []
  for (const [index, written] of push.entries()) {
    const path = ['images', name, 'push', index]
    try {
      const { tag, digest } = parseReference(written.replaceAll('${arch}', 'arch'), 'The repository')
      if (tag === undefined && digest === undefined) continue
      const hint = 'Tags stand in "tags".'
      problems.push(problem(path, 'IMAGE_PUSH', `${quote(written)} has a tag or a digest.`, hint))
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      problems.push(problem(path, 'IMAGE_PUSH', error.message, error.hint ?? ''))
    }
  }
  for (const [index, tag] of tags.entries()) {
    if (isTag(tag.replaceAll('${arch}', 'arch'))) continue
    const hint =
      'A tag is at most 128 letters, digits, dots, dashes and underscores; "+" of a version is none of them.'
    problems.push(problem(['images', name, 'tags', index], 'IMAGE_TAG', `${quote(tag)} is no tag.`, hint))
  }
  return problems
}

function wrongKind(key: string, { config, kinds }: RuleContext, path: Path): readonly Problem[] {
  const kind = providerIn(config.keys?.[key] ?? {}, kinds.signers)
  if (kind === undefined) return []
  const hint = `Name a key of the kind ${namesOf(kinds.artifactSigners).join(' or ')}.`
  return [
    problem(path, 'KEY_KIND', `"${key}" is of the kind ${kind.name}, which nobody checks on images.`, hint),
  ]
}
