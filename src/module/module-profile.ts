import type { ImageResourceKind } from './image-resource.ts'
import type { ModuleProfileName } from './module-declaration.ts'

/** One table for what the tools' modules differ in (kyma CLI 2.14 to 2.20, modulectl 1.2 to 3.x). */
export interface ModuleProfile {
  readonly name: ModuleProfileName
  /** Value of the provider's label `built-by`. */
  readonly builtBy: 'cli' | 'modulectl'
  readonly images: { readonly from: 'scan config' | 'manifest' } & Omit<ImageResourceKind, 'isLabelled'> & {
      readonly labelled: 'always' | 'when scanned'
    }
  /** A file as it is, or an archive with that file in it. */
  readonly manifestBlob: { readonly form: 'file' | 'tar'; readonly type: string; readonly mediaType: string }
  readonly hasDefaultCrBlob: boolean
  /** Resource `metadata`: what the template says besides the descriptor. */
  readonly hasMetadataBlob: boolean
  readonly hasTemplateBlob: boolean
  readonly hasGlobalAccess: boolean
  /** The source's label `git.kyma-project.io/ref`, and the scanners' labels. */
  readonly sourceLabels: 'ref' | 'HEAD' | 'none'
  /** cli-v2's templates name a channel, the others a module and a version. */
  readonly template: 'channel' | 'version'
  readonly templateDescriptor: 'whole' | 'empty'
  readonly hasMandatoryField: boolean
  readonly hasRequiresDowntime: boolean
  readonly hasComponentLabels: boolean
  readonly hasConstructor: boolean
  /** OCM's newer libraries annotate manifests and layers. */
  readonly hasAnnotations: boolean
  readonly namespace: string
}

const ociArtifact = { type: 'ociArtifact', accessType: 'ociArtifact' } as const
const tarBlob = { form: 'tar', type: 'directoryTree', mediaType: 'application/x-tar' } as const

const modulectl2: ModuleProfile = {
  name: 'modulectl-2',
  builtBy: 'modulectl',
  images: { from: 'manifest', ...ociArtifact, labelled: 'when scanned' },
  manifestBlob: tarBlob,
  hasDefaultCrBlob: true,
  hasMetadataBlob: false,
  hasTemplateBlob: false,
  hasGlobalAccess: false,
  sourceLabels: 'none',
  template: 'version',
  templateDescriptor: 'whole',
  hasMandatoryField: false,
  hasRequiresDowntime: true,
  hasComponentLabels: false,
  hasConstructor: false,
  hasAnnotations: true,
  namespace: 'kcp-system',
}

export const moduleProfiles: { readonly [name in ModuleProfileName]: ModuleProfile } = {
  'cli-v2': {
    ...modulectl2,
    name: 'cli-v2',
    builtBy: 'cli',
    images: { from: 'scan config', type: 'ociImage', accessType: 'ociRegistry', labelled: 'always' },
    manifestBlob: { form: 'file', type: 'yaml', mediaType: 'application/octet-stream' },
    hasDefaultCrBlob: false,
    hasGlobalAccess: true,
    sourceLabels: 'ref',
    template: 'channel',
    hasRequiresDowntime: false,
    hasAnnotations: false,
  },
  'modulectl-1': {
    ...modulectl2,
    name: 'modulectl-1',
    images: { from: 'scan config', ...ociArtifact, labelled: 'always' },
    hasMetadataBlob: true,
    sourceLabels: 'HEAD',
    hasMandatoryField: true,
    hasRequiresDowntime: false,
  },
  'modulectl-2': modulectl2,
  'modulectl-3': {
    ...modulectl2,
    name: 'modulectl-3',
    images: { from: 'manifest', ...ociArtifact, labelled: 'always' },
    hasTemplateBlob: true,
    templateDescriptor: 'empty',
    hasComponentLabels: true,
    hasConstructor: true,
    namespace: '',
  },
}
