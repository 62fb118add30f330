import { UserError } from '../errors.ts'
import { assembleComponent, componentRepository, versionTag } from './component-artifact.ts'
import { writeConstructor } from './component-constructor.ts'
import { checkDescriptor, isComponentName, isComponentVersion } from './component-descriptor.ts'
import { checkDefaultCr } from './default-cr.ts'
import type { ModuleFinding } from './finding.ts'
import type { BuiltModule, ModuleDeclaration, ModuleFile, ModuleInputs } from './module-declaration.ts'
import { draftModule } from './module-draft.ts'
import { moduleImages } from './module-images.ts'
import { moduleProfiles } from './module-profile.ts'
import { renderTemplates, type TemplateParts } from './module-template.ts'
import { readYamlDocument, readYamlDocuments } from './yaml-text.ts'

/**
 * A module from its declaration: descriptor, artifact, templates. Pure, and whole: what a registry or a cluster would
 * refuse is an error here, before anything is pushed.
 */
export async function buildModule(
  declaration: ModuleDeclaration,
  inputs: ModuleInputs,
): Promise<BuiltModule> {
  const profile = moduleProfiles[declaration.profile]
  checkDeclaration(declaration)
  const documents = readYamlDocuments(textOf(inputs.manifest), inputs.manifest.name)
  if (documents.length === 0) throw emptyManifest(inputs.manifest)
  const defaultCr = readDefaultCr(inputs.defaultCr)
  const checked =
    defaultCr &&
    (await checkDefaultCr(defaultCr.value, documents, inputs.defaultCr?.name ?? 'The default resource'))
  const images = moduleImages(declaration, inputs, documents)
  const parts: Omit<TemplateParts, 'descriptor'> = {
    declaration,
    defaultCr,
    isClusterScoped: checked?.isClusterScoped,
  }
  const draft = await draftModule({ parts, inputs, images: images.resources })
  const where = `${declaration.componentName} ${declaration.version}`
  const descriptor = checkDescriptor(draft.descriptor, where)
  const templates = renderTemplates({ ...parts, descriptor })
  const artifact = await assembleComponent(
    descriptor,
    draft.blobs,
    profile.hasAnnotations ? artifactAnnotations(declaration) : undefined,
  )
  const findings: readonly ModuleFinding[] = [
    ...(checked?.findings ?? []),
    ...images.findings,
    ...templates.findings,
  ]
  const constructors: readonly ModuleFile[] = profile.hasConstructor
    ? [
        {
          name: 'component-constructor.yaml',
          bytes: Buffer.from(writeConstructor({ descriptor, inputs, declaration })),
        },
      ]
    : []
  return {
    descriptor,
    artifact,
    repository: componentRepository(pathOf(declaration.registry), declaration.componentName),
    tag: versionTag(declaration.version),
    files: [...templates.files, ...constructors],
    findings,
  }
}

function checkDeclaration(declaration: ModuleDeclaration): void {
  const { componentName, version, registry, templates } = declaration
  const problems = [
    ...(isComponentName(componentName)
      ? []
      : [`componentName "${componentName}" is no name such as "example.org/module/name"`]),
    ...(isComponentVersion(version) ? [] : [`version "${version}" is no version such as "1.2.3"`]),
    ...registryProblems(registry),
    ...(new Set(templates.map(({ fileName }) => fileName)).size === templates.length
      ? []
      : ['templates: two have the same file name']),
    ...profileProblems(declaration),
  ]
  if (problems.length === 0) return
  throw new UserError(
    'MODULE_DECLARATION',
    `The module ${componentName} is not declared right:\n${problems.join('\n')}`,
    {
      hint: `Its profile is "${declaration.profile}". Correct the declaration.`,
    },
  )
}

function registryProblems(registry: string): readonly string[] {
  if (registry.includes('://')) return [`registry "${registry}" begins with a scheme; leave it out`]
  if (/^[^\s/]+(?:\/[^\s/]+)*$/.test(registry)) return []
  return [`registry "${registry}" is no host with a path, such as "registry.example.org/prod"`]
}

/** Fields that the profile needs, and those that it would silently ignore. */
function profileProblems(declaration: ModuleDeclaration): readonly string[] {
  const { template } = moduleProfiles[declaration.profile]
  const needed = template === 'channel' ? channelNeeds : versionNeeds
  const foreign = template === 'channel' ? versionOnly : channelOnly
  const isOld = declaration.templateVersion === 'v1beta1'
  return [
    ...needed.flatMap((field) => (declaration[field] === undefined ? [`${field} is missing`] : [])),
    ...foreign.flatMap((field) =>
      declaration[field] === undefined ? [] : [`${field} has no place in the profile ${declaration.profile}`],
    ),
    ...(isOld && template === 'version' ? ['templateVersion v1beta1 knows no module without a channel'] : []),
    ...stateCheckProblems(declaration),
  ]
}

const channelNeeds = ['channel'] as const
const versionNeeds = ['repository', 'documentation'] as const
const channelOnly = ['channel', 'customStateCheck'] as const
const versionOnly = [
  ...['repository', 'documentation', 'icons', 'links', 'manager'],
  ...['associatedResources', 'requiresDowntime', 'responsible'],
] as readonly (keyof ModuleDeclaration)[]

/** The CLI wants to know at least when a module is broken, and when it is well. */
function stateCheckProblems({ customStateCheck }: ModuleDeclaration): readonly string[] {
  if (customStateCheck === undefined) return []
  const states = new Set(customStateCheck.map(({ mappedState }) => mappedState))
  return ['Ready', 'Error'].flatMap((state) =>
    states.has(state) ? [] : [`customStateCheck has no check for the state "${state}"`],
  )
}

function readDefaultCr(file: ModuleFile | undefined): TemplateParts['defaultCr'] {
  if (file === undefined) return undefined
  const text = textOf(file)
  return { text, value: readYamlDocument(text, file.name) }
}

const artifactAnnotations = ({ componentName, version }: ModuleDeclaration) => ({
  'software.ocm.componentversion': `${componentName}:${version}`,
  'software.ocm.creator': 'hawser',
})

const textOf = ({ bytes }: ModuleFile): string => Buffer.from(bytes).toString('utf8')
/** The registry's path without its host. */
const pathOf = (registry: string): string => registry.split('/').slice(1).join('/')

const emptyManifest = ({ name }: ModuleFile): UserError =>
  new UserError('MODULE_MANIFEST', `The manifest ${name} is empty.`, {
    hint: 'Render it before the module is built.',
  })
