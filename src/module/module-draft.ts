import type { JsonObject } from '../lib/json.ts'
import { componentRepository } from './component-artifact.ts'
import type { ComponentDescriptor, ComponentResource, Label } from './component-descriptor.ts'
import { type ModuleBlob, moduleBlob, oneFileTar } from './module-blob.ts'
import type { ModuleDeclaration, ModuleDraft, ModuleFile, ModuleInputs } from './module-declaration.ts'
import { type ModuleProfile, moduleProfiles } from './module-profile.ts'
import { moduleInfo, namedLinks, renderTemplate, type TemplateParts } from './module-template.ts'
import { scanEnabledLabel, sourceScanLabels } from './scan-config.ts'
import { writeYaml } from './yaml-text.ts'

interface DraftOptions {
  readonly parts: Omit<TemplateParts, 'descriptor'>
  readonly inputs: ModuleInputs
  readonly images: readonly ComponentResource[]
}

/** The descriptor as the profile's tool would write it, and the blobs that it names. */
export async function draftModule({ parts, inputs, images }: DraftOptions): Promise<ModuleDraft> {
  const { declaration } = parts
  const profile = moduleProfiles[declaration.profile]
  const local = await localResources(parts, inputs, profile)
  const labels = componentLabels(parts, inputs, profile)
  const descriptor: ComponentDescriptor = {
    meta: { schemaVersion: 'v2' },
    component: {
      name: declaration.componentName,
      version: declaration.version,
      provider: JSON.stringify({
        name: declaration.provider ?? 'kyma-project.io',
        labels: [{ name: 'kyma-project.io/built-by', value: profile.builtBy, version: 'v1' }],
      }),
      ...(labels.length > 0 && { labels }),
      repositoryContexts: [
        { type: 'OCIRegistry', baseUrl: declaration.registry, componentNameMapping: 'urlPath' },
      ],
      sources: [moduleSource(declaration, inputs, profile)],
      componentReferences: [],
      resources: [...images, ...local.map(({ resource }) => resource)],
    },
  }
  return { descriptor, blobs: local.map(({ blob }) => blob) }
}

interface LocalResource {
  readonly resource: ComponentResource
  readonly blob: ModuleBlob
}

async function localResources(
  parts: DraftOptions['parts'],
  { manifest, defaultCr }: ModuleInputs,
  profile: ModuleProfile,
): Promise<readonly LocalResource[]> {
  const { declaration } = parts
  const make = localResourceMaker(declaration, profile)
  const { manifestBlob } = profile
  const found = [
    make(
      'raw-manifest',
      manifestBlob.type,
      manifestBlob.mediaType,
      await packed(manifest, manifestBlob.form),
    ),
  ]
  if (profile.hasDefaultCrBlob && defaultCr !== undefined) {
    found.push(
      make(
        'default-cr',
        manifestBlob.type,
        manifestBlob.mediaType,
        await packed(defaultCr, manifestBlob.form),
      ),
    )
  }
  if (profile.hasMetadataBlob) {
    found.push(make('metadata', 'plainText', 'application/x-yaml', Buffer.from(metadataText(declaration))))
  }
  const [first] = declaration.templates
  if (profile.hasTemplateBlob && first !== undefined) {
    // Its descriptor is empty, so that a component can hold its own template.
    const none = { meta: { schemaVersion: 'v2' } } as ComponentDescriptor
    const text = renderTemplate({ ...parts, descriptor: none }, first.target)
    found.push(make('moduletemplate', 'PlainText', 'application/octet-stream', Buffer.from(text)))
  }
  return found
}

function localResourceMaker(declaration: ModuleDeclaration, profile: ModuleProfile) {
  const { componentName, registry, version } = declaration
  return (name: string, type: string, mediaType: string, bytes: Uint8Array): LocalResource => {
    const annotations = profile.hasAnnotations ? resourceAnnotations(name) : undefined
    const blob = moduleBlob(mediaType, bytes, annotations)
    const { digest, size } = blob.descriptor
    const ref = `${registry}/${componentRepository('', componentName)}`
    const globalAccess = { type: 'ociBlob', ref, digest, size, mediaType }
    const access = {
      type: 'localBlob',
      localReference: digest,
      mediaType,
      ...(profile.hasGlobalAccess && { globalAccess }),
    }
    return { blob, resource: { name, version, type, relation: 'local', access } }
  }
}

const resourceAnnotations = (name: string) => ({
  'software.ocm.artifact': JSON.stringify([{ kind: 'resource', identity: { name } }]),
})

const packed = async ({ name, bytes }: ModuleFile, form: 'file' | 'tar'): Promise<Uint8Array> =>
  form === 'file' ? bytes : await oneFileTar(name, bytes)

const metadataText = (declaration: ModuleDeclaration): string =>
  writeYaml({
    info: moduleInfo(declaration),
    manager: declaration.manager,
    resources: declaration.links && namedLinks(declaration.links),
  } satisfies { [key: string]: unknown })

function moduleSource(
  declaration: ModuleDeclaration,
  { scan, source }: ModuleInputs,
  profile: ModuleProfile,
) {
  const ref = profile.sourceLabels === 'HEAD' ? 'HEAD' : source.ref
  const labels: readonly Label[] =
    profile.sourceLabels === 'none'
      ? []
      : [
          { name: 'git.kyma-project.io/ref', value: ref, version: 'v1' },
          ...(scan === undefined ? [] : sourceScanLabels(scan)),
        ]
  return {
    name: 'module-sources',
    type: 'Github',
    version: declaration.version,
    access: { type: 'gitHub', repoUrl: source.repositoryUrl, commit: source.commit },
    ...(labels.length > 0 && { labels }),
  }
}

function componentLabels(
  { declaration, isClusterScoped }: DraftOptions['parts'],
  { scan }: ModuleInputs,
  profile: ModuleProfile,
): readonly Label[] {
  const isScanned =
    profile.images.from === 'scan config' ? scan !== undefined : declaration.securityScan === true
  const scanned = isScanned ? [scanEnabledLabel] : []
  if (!profile.hasComponentLabels) return scanned
  const flags: JsonObject = {
    beta: String(declaration.beta ?? false),
    internal: String(declaration.internal ?? false),
    requiresDowntime: String(declaration.requiresDowntime ?? false),
    'is-cluster-scoped': String(isClusterScoped ?? false),
  }
  const own = Object.entries(flags).map(([name, value]) => ({
    name: `operator.kyma-project.io/${name}`,
    value,
    version: 'v1',
  }))
  const { responsible } = declaration
  if (responsible === undefined) return [...own, ...scanned]
  const owner = { github_hostname: responsible.githubHost, teamname: responsible.team, type: 'githubTeam' }
  return [...own, ...scanned, { name: 'cloud.gardener.cnudie/responsibles', value: [owner], version: 'v1' }]
}
