import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { ComponentDescriptor } from './component-descriptor.ts'
import type { ModuleFinding } from './finding.ts'
import type { ModuleDeclaration, ModuleFile, ModuleTarget } from './module-declaration.ts'
import { type ModuleProfile, moduleProfiles } from './module-profile.ts'
import { checkTemplate } from './module-template-rules.ts'
import { readYamlDocument, sortedMembers, writeYaml } from './yaml-text.ts'

export interface TemplateParts {
  readonly declaration: ModuleDeclaration
  readonly descriptor: ComponentDescriptor
  /** The file of the default resource, and what is in it. */
  readonly defaultCr?: { readonly text: string; readonly value: JsonObject } | undefined
  readonly isClusterScoped?: boolean | undefined
}

export interface RenderedTemplates {
  readonly files: readonly ModuleFile[]
  readonly findings: readonly ModuleFinding[]
}

/**
 * The ModuleTemplate for each target. Only v1beta1 has a field for the target: in v1beta2 the variants are the same
 * file, which is said and not shipped twice, unless the declaration asks for it.
 */
export function renderTemplates(parts: TemplateParts): RenderedTemplates {
  const { templates, identicalTemplates = 'report' } = parts.declaration
  const files: ModuleFile[] = []
  const findings: ModuleFinding[] = []
  for (const { fileName, target } of templates) {
    const bytes = Buffer.from(renderTemplate(parts, target))
    const same = files.find((file) => Buffer.compare(file.bytes, bytes) === 0)
    if (same !== undefined) findings.push(identicalFinding(parts, fileName, same.name, identicalTemplates))
    if (same === undefined || identicalTemplates === 'emit') files.push({ name: fileName, bytes })
  }
  return { files, findings }
}

function identicalFinding(
  { declaration }: TemplateParts,
  fileName: string,
  other: string,
  policy: 'report' | 'emit',
): ModuleFinding {
  const version = declaration.templateVersion ?? 'v1beta2'
  const end =
    policy === 'emit'
      ? 'both are written, as declared'
      : `it is left out. Say "emit" to have both, or take v1beta1`
  return {
    code: 'TEMPLATE_IDENTICAL',
    text: `${fileName} would be the same file as ${other}, since a ModuleTemplate ${version} has no target; ${end}.`,
  }
}

export function renderTemplate(parts: TemplateParts, target: ModuleTarget): string {
  const { declaration, descriptor, defaultCr } = parts
  const profile = moduleProfiles[declaration.profile]
  const version = declaration.templateVersion ?? 'v1beta2'
  const head = {
    apiVersion: `operator.kyma-project.io/${version}`,
    kind: 'ModuleTemplate',
    metadata: {
      name: templateName(declaration, profile),
      namespace: declaration.namespace ?? profile.namespace,
      labels: templateLabels(declaration),
      annotations: templateAnnotations(parts, profile),
    },
  }
  const before = {
    ...(profile.template === 'channel' ? channelFields(declaration) : versionFields(declaration, profile)),
    ...(version === 'v1beta1' && { target }),
  }
  const after = {
    ...(profile.template === 'version' && declaration.manager && { manager: declaration.manager }),
    descriptor: profile.templateDescriptor === 'whole' ? sortedMembers(descriptor) : {},
    ...(profile.template === 'version' && declaration.links && { resources: namedLinks(declaration.links) }),
  }
  const data = defaultCr?.value
  const whole = { ...head, spec: { ...before, ...(data && { data }), ...after } }
  checkTemplate(whole, `the template of ${declaration.componentName}`)
  return verbatim(whole, [head, before, after], defaultCr?.text)
}

/** With the default resource as it was written, comments and all; as data where that would not read back the same. */
function verbatim(
  whole: unknown,
  [head, before, after]: readonly [unknown, unknown, unknown],
  data: string | undefined,
): string {
  const plain = writeYaml(whole)
  if (data === undefined) return plain
  const body = data.replace(/^(?:\s*---[^\n]*\n)+/, '').trimEnd()
  const text = [
    writeYaml(head),
    'spec:\n',
    indented(2, writeYaml(before)),
    '  data:\n',
    indented(4, body),
    indented(2, writeYaml(after)),
  ].join('')
  return readsAs(text, whole) ? text : plain
}

function readsAs(text: string, value: unknown): boolean {
  try {
    return isDeepStrictEqual(readYamlDocument(text, 'the template'), JSON.parse(JSON.stringify(value)))
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}

const indented = (width: number, text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(width)}${line}`))
    .join('\n')
    .replace(/\n*$/, '\n')

export const shortName = (componentName: string): string =>
  componentName.slice(componentName.lastIndexOf('/') + 1)

function templateName(declaration: ModuleDeclaration, profile: ModuleProfile): string {
  const { resourceName, componentName, version, channel, templateVersion } = declaration
  if (resourceName !== undefined) return resourceName
  const short = shortName(componentName)
  if (templateVersion === 'v1beta1') return `moduletemplate-${short}`
  return `${short}-${profile.template === 'channel' ? channel : version}`
}

const prefix = 'operator.kyma-project.io/'

/** In byte order, as Go writes maps. */
function templateLabels({ componentName, labels, beta, internal, mandatory }: ModuleDeclaration): JsonObject {
  return sortedMembers({
    ...labels,
    [`${prefix}module-name`]: shortName(componentName),
    ...(beta === true && { [`${prefix}beta`]: 'true' }),
    ...(internal === true && { [`${prefix}internal`]: 'true' }),
    ...(mandatory === true && { [`${prefix}mandatory-module`]: 'true' }),
  }) as JsonObject
}

function templateAnnotations(
  { declaration, isClusterScoped }: TemplateParts,
  profile: ModuleProfile,
): JsonObject | undefined {
  const all = {
    ...declaration.annotations,
    ...(isClusterScoped !== undefined && { [`${prefix}is-cluster-scoped`]: String(isClusterScoped) }),
    ...(profile.template === 'channel' && { [`${prefix}module-version`]: declaration.version }),
  }
  return Object.keys(all).length === 0 ? undefined : (sortedMembers(all) as JsonObject)
}

const channelFields = ({ channel, customStateCheck }: ModuleDeclaration) => ({
  channel,
  ...(customStateCheck && { customStateCheck }),
})

function versionFields(declaration: ModuleDeclaration, profile: ModuleProfile) {
  const { componentName, version, mandatory, requiresDowntime, associatedResources } = declaration
  return {
    moduleName: shortName(componentName),
    version,
    ...(profile.hasMandatoryField && { mandatory: mandatory ?? false }),
    ...(profile.hasRequiresDowntime && { requiresDowntime: requiresDowntime ?? false }),
    info: moduleInfo(declaration),
    ...(associatedResources && { associatedResources }),
  }
}

export const moduleInfo = ({ repository, documentation, icons }: ModuleDeclaration) => ({
  repository,
  documentation,
  ...(icons && { icons: namedLinks(icons) }),
})

export const namedLinks = (links: { readonly [name: string]: string }) =>
  Object.entries(links)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, link]) => ({ name, link }))
