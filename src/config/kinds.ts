import { z } from 'zod'
import type { PackageCompression, PackageVersion } from '../packages/package-spec.ts'
import type { VersionFinding } from '../packages/version.ts'
import type { Problem } from './finding.ts'

/** What the configuration knows of a provider: its name and its options. */
export interface Kind {
  readonly name: string
  readonly describe: string
  readonly options: z.ZodObject
  readonly example: unknown
}

export interface RepositoryKind extends Kind {
  /** The package format that such a repository holds. */
  packageFormatOf(options: unknown): string
  /** What is wrong with choices beyond their form; empty where the form is wrong already. Paths are below the options. */
  findings?(options: unknown): readonly Problem[]
  /** Why such a package does not suit the repository, as far as that is known before it is built. */
  packageFinding?(options: unknown, planned: PlannedPackage): Omit<Problem, 'path'> | undefined
}

export interface PlannedPackage {
  readonly compression: PackageCompression['kind']
}

export interface StepKind {
  readonly name: string
  readonly describe: string
  readonly options: z.ZodType
}

/** What package formats know of versions. */
export interface VersionKinds {
  /** The first one is the default. */
  readonly schemes: readonly [string, ...string[]]
  /** Why the format cannot have this version; empty when it can. */
  findings(format: string, version: PackageVersion): readonly VersionFinding[]
}

/**
 * Everything that `hawser.yaml` can name. The real lists are in providers.ts; this folder knows no provider by name,
 * so that a new one is complete in the schema, the documentation and the checks from its first line.
 */
export interface ConfigKinds {
  readonly sources: readonly Kind[]
  readonly repositories: readonly RepositoryKind[]
  readonly storages: readonly Kind[]
  /** Those that sign packages, repositories and tags. */
  readonly signers: readonly Kind[]
  /** Those that sign images and modules. */
  readonly artifactSigners: readonly Kind[]
  /** The first one, without options, is what a file without `forge:` gets. */
  readonly forges: readonly [Kind, ...Kind[]]
  readonly steps: readonly StepKind[]
  readonly jobs: readonly Kind[]
  readonly packageFormats: readonly string[]
  /** Formats that can be unpacked into layers of images. */
  readonly unpackedFormats: readonly string[]
  /** Formats whose clients check a signature inside of the package. */
  readonly signedFormats: readonly string[]
  /** How many packages of others can become one of this format; 0 where none can. */
  originalsMax(format: string): number
  /** Canonical words, `all` among them. */
  readonly architectures: readonly string[]
  /** The canonical word for another spelling (`x86_64`); undefined when there is none. */
  canonicalArchitecture(word: string): string | undefined
  readonly versions: VersionKinds
}

/** Every kind of key. */
export const keyKinds = ({ signers, artifactSigners }: ConfigKinds): readonly Kind[] => [
  ...signers,
  ...artifactSigners,
]

export const namesOf = (kinds: readonly { readonly name: string }[]): readonly string[] =>
  kinds.map((kind) => kind.name)

/** Options of steps that the file says once for all of them; a step of the pipeline need not repeat them. */
export const sharedOptions = ['forge', 'registries'] as const

/** Those of them that a kind of step or source takes. */
export function sharedOptionsOf({
  options,
}: {
  readonly options: z.ZodType
}): readonly (typeof sharedOptions)[number][] {
  const shape = options instanceof z.ZodObject ? options.shape : {}
  return sharedOptions.filter((name) => Object.hasOwn(shape, name))
}
