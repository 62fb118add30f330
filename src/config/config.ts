import type { JsonObject } from '../lib/json.ts'
import type { ModuleDeclaration } from '../module/module-declaration.ts'
import type { ManifestChanges } from '../module/render/render-manifest.ts'
import type { RetryPolicy } from '../pipeline/plan.ts'
import type { ConsumerConfig } from './consumer-config.ts'
import type { ResolvedImage } from './resolved-image.ts'
import type { WrittenPackage } from './schema/package-schema.ts'

/**
 * `hawser.yaml`, checked, with every reference replaced and every default filled in. Plain data without places,
 * times or machine paths, so that its digest says whether two releases were declared the same.
 */
export interface Config {
  readonly project: string
  readonly version: ReleaseVersion
  readonly components: { readonly [name: string]: { readonly version: string } }
  readonly inputs: { readonly [name: string]: string }
  readonly sources: { readonly [name: string]: Chosen }
  readonly keys: { readonly [name: string]: Chosen }
  readonly packages: { readonly [name: string]: PackageConfig }
  readonly repositories: { readonly [name: string]: RepositoryConfig }
  /** By name, in the order of the file; empty: every release reaches every repository. */
  readonly environments: { readonly [name: string]: EnvironmentConfig }
  readonly registries: { readonly [host: string]: RegistryConfig }
  readonly images: { readonly [name: string]: ImageConfig }
  readonly modules: { readonly [name: string]: ModuleConfig }
  readonly consumers: { readonly [name: string]: ConsumerConfig }
  readonly forge: Chosen
  readonly release: ReleaseConfig
  readonly pipeline: PipelineConfig
}

export interface ReleaseVersion {
  /** The version that is released, without its build number when it has one; a placeholder where the file is only checked. */
  readonly declared: string
  /** Name of the component whose builds are released: `${version}` is then `DECLARED-BUILD`. */
  readonly component: string | undefined
  readonly scheme: string
  readonly build: string
  readonly epoch: number
}

/** A provider by name, and its options as written: `provider.options.parse(options)` completes them. */
export interface Chosen {
  readonly provider: string
  readonly options: JsonObject
}

export interface PackageConfig {
  readonly name: string
  readonly formats: readonly string[]
  readonly architectures: readonly string[]
  /** As written, `${arch}` included. `resolvePackage` makes a variant of it. */
  readonly written: WrittenPackage
}

export interface RepositoryConfig {
  readonly name: string
  readonly format: Chosen
  readonly packageFormat: string
  readonly storage: Chosen
  /** Names of keys; at least one. */
  readonly keys: readonly string[]
  /** Public keys that do not sign: `file:PATH` or `env:NAME`. */
  readonly acceptedKeys: readonly string[]
  readonly url: string | undefined
  /** Another name under which the public key is there for clients. */
  readonly publicKeyFile: string | undefined
  /** Names of the packages to publish in it. */
  readonly packages: readonly string[]
  readonly distribution: string | undefined
  /** Whether a package of this file installs its keys. */
  readonly hasKeyringPackage: boolean
  /** Whether a repository that nobody of `keys` signed may be taken over. */
  readonly adopt: boolean
  /** Undefined: nothing is tried before it is published. */
  readonly installs: InstallsConfig | undefined
}

/** What users do, tried against the next index before it is public. */
export interface InstallsConfig {
  /** The packages that each command names. */
  readonly commands: readonly (readonly string[])[]
  readonly new: 'refuse' | 'warn'
  readonly upgrade: 'refuse' | 'warn'
  readonly older: 'refuse' | 'warn'
  /** How many earlier releases are tried. */
  readonly earlier: number
}

/** A stage that packages go through. */
export interface EnvironmentConfig {
  readonly name: string
  /** Names of repositories; each is in one environment only. */
  readonly repositories: readonly string[]
  /** Names or globs; undefined: every branch. */
  readonly branches: readonly string[] | undefined
  /** The environment whose packages it takes over; undefined: what is built is published. */
  readonly from: string | undefined
  /** What a person is asked before anything is published in it. */
  readonly approval: string | undefined
}

/** How a registry is reached; secrets as references. */
export interface RegistryConfig {
  readonly plainHttp?: boolean | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly token?: string | undefined
  readonly chunkMiB?: number | undefined
  readonly parallel?: number | undefined
}

export interface ImageConfig {
  readonly name: string
  /** One for each platform, in their order. */
  readonly variants: readonly ResolvedImage[]
  readonly dockerfile: DockerfileConfig | undefined
  readonly annotations: { readonly [key: string]: string }
  readonly compression: 'gzip' | 'zstd' | 'none'
  /** Repositories in registries, without tags. */
  readonly push: readonly string[]
  readonly tags: readonly string[]
  /** Names of keys. */
  readonly sign: readonly string[]
  readonly attest: boolean
}

export interface DockerfileConfig {
  readonly file: string
  readonly context: string
  readonly tool: 'buildah' | 'podman' | 'docker'
  readonly target: string | undefined
  readonly arguments: { readonly [name: string]: string }
  readonly options: readonly string[]
}

export interface ModuleConfig {
  readonly name: string
  readonly declaration: ModuleDeclaration
  readonly manifest: ModuleManifest
  /** Paths in the project. */
  readonly defaultCr: string | undefined
  readonly security: string | undefined
  readonly source: { readonly repositoryUrl: string; readonly ref: string }
  readonly assets: { readonly manifest?: string | undefined; readonly defaultCr?: string | undefined }
  readonly push: boolean
  /** Names of keys. */
  readonly sign: readonly string[]
}

export interface ModuleManifest {
  readonly from:
    | { readonly kind: 'files'; readonly files: readonly string[] }
    | { readonly kind: 'kustomize'; readonly folder: string; readonly tool: 'kustomize' | 'kubectl' }
  readonly changes: ManifestChanges
}

export interface ReleaseConfig {
  readonly tag: string
  readonly signTag: string | undefined
  /** Id of the step whose commit is released. */
  readonly commitFrom: string | undefined
  /** Name of the key that signs the file of checksums. */
  readonly sign: string | undefined
  readonly title: string
  readonly notes: ReleaseNotes
  readonly isPrerelease: boolean
  /** Name of the file of checksums. */
  readonly checksums: string | undefined
  readonly assets: readonly FilePattern[]
}

export type ReleaseNotes =
  | { readonly from: 'text'; readonly text: string }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'commits' }
  /** Made by the forge, of pull requests. */
  | { readonly from: 'forge' }

/** A path or glob, in a source of the file or (without one) in the project. */
export interface FilePattern {
  readonly source: string | undefined
  readonly pattern: string
}

export interface PipelineConfig {
  /** `default`: added to, and replacing by id in, the pipeline that is derived from the rest of the file. */
  readonly extends: 'default' | 'none'
  readonly parallelMax: number
  readonly steps: readonly (StepConfig | GateConfig)[]
}

interface NodeConfig {
  readonly id: string
  readonly needs: readonly string[]
  /** Steps of the derived pipeline that wait for it. */
  readonly before: readonly string[]
  /** Undefined: it runs. Else why it does not. */
  readonly skipBecause: string | undefined
  readonly limitMs: number
}

export interface StepConfig extends NodeConfig {
  readonly kind: 'step'
  readonly step: string
  readonly options: JsonObject
  readonly retry: RetryPolicy
}

export interface GateConfig extends NodeConfig {
  readonly kind: 'gate'
  readonly gate: string
}
