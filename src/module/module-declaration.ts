import type { ComponentArtifact } from './component-artifact.ts'
import type { ComponentDescriptor } from './component-descriptor.ts'
import type { ModuleFinding } from './finding.ts'
import type { ModuleBlob } from './module-blob.ts'
import type { ScanConfig } from './scan-config.ts'

/** Which tool's module it is: what a descriptor and a template hold changed with each. */
export type ModuleProfileName = 'cli-v2' | 'modulectl-1' | 'modulectl-2' | 'modulectl-3'

export interface CustomStateCheck {
  readonly jsonPath: string
  readonly value: string
  readonly mappedState: string
}

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface ModuleManager extends GroupVersionKind {
  readonly name: string
  readonly namespace?: string | undefined
}

/** Where a module is installed; only ModuleTemplate v1beta1 has a field for it. */
export type ModuleTarget = 'remote' | 'control-plane'

export interface TemplateFile {
  readonly fileName: string
  readonly target: ModuleTarget
}

/** What people say about a module. The three kinds of fields that only one profile has are refused by the others. */
export interface ModuleDeclaration {
  readonly profile: ModuleProfileName
  /** OCM's name, such as `kyma-project.io/module/btp-operator`. */
  readonly componentName: string
  /** Of the component, its local resources and its tag; exactly as it is to be written, so with its "v" if it has one. */
  readonly version: string
  /** Registry and path below which `component-descriptors/…` is, without a scheme. */
  readonly registry: string
  readonly provider?: string | undefined
  readonly templates: readonly TemplateFile[]
  readonly templateVersion?: 'v1beta1' | 'v1beta2' | undefined
  /** Templates whose bytes are equal: the first is written and the others are reported, or all are written. */
  readonly identicalTemplates?: 'report' | 'emit' | undefined
  /** metadata.name of the template, where the profile's own will not do. */
  readonly resourceName?: string | undefined
  readonly namespace?: string | undefined
  readonly labels?: { readonly [name: string]: string } | undefined
  readonly annotations?: { readonly [name: string]: string } | undefined
  readonly beta?: boolean | undefined
  readonly internal?: boolean | undefined
  readonly mandatory?: boolean | undefined
  readonly requiresDowntime?: boolean | undefined
  /** cli-v2 only. */
  readonly channel?: string | undefined
  readonly customStateCheck?: readonly CustomStateCheck[] | undefined
  /** modulectl only. */
  readonly repository?: string | undefined
  readonly documentation?: string | undefined
  readonly icons?: { readonly [name: string]: string } | undefined
  readonly links?: { readonly [name: string]: string } | undefined
  readonly manager?: ModuleManager | undefined
  readonly associatedResources?: readonly GroupVersionKind[] | undefined
  /** modulectl-3: who answers for the component. */
  readonly responsible?: { readonly githubHost: string; readonly team: string } | undefined
  readonly securityScan?: boolean | undefined
  /** The manager's image need not have the module's version as its tag. */
  readonly anyManagerVersion?: boolean | undefined
  /** Which workloads' images belong to the component, for profiles that read them from the manifest. */
  readonly imageKinds?: 'as modulectl' | 'all' | undefined
}

export interface ModuleFile {
  /** Base name; it stands in archives and in the constructor. */
  readonly name: string
  readonly bytes: Uint8Array
}

export interface ModuleInputs {
  /** Rendered, with its images set. */
  readonly manifest: ModuleFile
  readonly defaultCr?: ModuleFile | undefined
  readonly scan?: ScanConfig | undefined
  readonly source: {
    readonly repositoryUrl: string
    readonly commit: string
    /** `HEAD`'s symbolic name, such as `refs/heads/main`. */
    readonly ref: string
  }
}

export interface BuiltModule {
  readonly descriptor: ComponentDescriptor
  readonly artifact: ComponentArtifact
  /** Below the registry's host, and the tag there. */
  readonly repository: string
  readonly tag: string
  /** Templates, and what else the profile's tool writes. */
  readonly files: readonly ModuleFile[]
  readonly findings: readonly ModuleFinding[]
}

/** What a profile makes of a declaration, before it is an artifact. */
export interface ModuleDraft {
  readonly descriptor: ComponentDescriptor
  readonly blobs: readonly ModuleBlob[]
}
