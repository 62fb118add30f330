import type { Artifact } from '../artifacts/artifact.ts'
import type { Environment } from '../lib/child.ts'
import type { PackageEntry } from '../repositories/repository-format.ts'

/** A package as the next index lists it. */
export interface CandidatePackage {
  readonly entry: PackageEntry
  /** Its part of the index, byte for byte. */
  readonly bytes: Uint8Array
  /** It is of the release that is about to be published. */
  readonly isNew: boolean
}

export type RelationOperator = '=' | '<' | '<=' | '>' | '>='

/** One name that a package needs, in the format's own words. */
export interface InstallRelation {
  readonly name: string
  readonly operator?: RelationOperator | undefined
  readonly version?: string | undefined
}

export interface PackageRelations {
  /** Under which names others find it; its own is among them. */
  readonly provides: readonly string[]
  /** Every member: any of these. */
  readonly needs: readonly (readonly InstallRelation[])[]
  /** Installed along where they can be. */
  readonly wants: readonly string[]
  /** Names whose packages it takes the place of. */
  readonly replaces: readonly string[]
}

export interface KnownPackage extends CandidatePackage {
  readonly relations: PackageRelations
}

/** All that a resolver gets to see. */
export interface ResolverWorld {
  readonly architecture: string
  readonly packages: readonly KnownPackage[]
  /** What stands before and after the packages in their index. */
  readonly header: Uint8Array
  readonly footer: Uint8Array
  /** What the repository does not have and the distribution is taken to have. */
  readonly assumed: readonly InstallRelation[]
}

/** What a command names. */
export interface WantedPackage {
  readonly name: string
  /** Absent: whatever the program takes. */
  readonly version?: string | undefined
}

/** A command of a user, on a machine that has nothing of ours but `installed`. */
export interface Trial {
  readonly installed: readonly KnownPackage[]
  readonly verb: 'install' | 'upgrade'
  readonly wanted: readonly WantedPackage[]
}

/** `words` are the resolver's own. */
export type Answer = { readonly works: true } | { readonly works: false; readonly words: readonly string[] }

export type Answers =
  | { readonly state: 'tried'; readonly answers: readonly Answer[] }
  /** Nothing was tried: the program is not on this machine. Never a success. */
  | { readonly state: 'unavailable'; readonly reason: string }

export interface ResolverContext {
  /** Absolute, empty, for this alone; the caller removes it. */
  readonly folder: string
  readonly environment: Environment
  readonly signal: AbortSignal
}

/**
 * How one kind of client resolves dependencies: the client's own program, in a folder of its own, that changes nothing of
 * the machine. Kinds: installs/apt, /dnf.
 */
export interface InstallResolver {
  /** What users call it. */
  readonly program: string
  /** Of the packages that it installs. */
  readonly packageFormat: Artifact['kind']
  /** The architecture of packages that every machine can have. */
  readonly portable: string
  /** Of the machines that read this index; `packages` are those in it. */
  architecturesOf(index: string, packages: readonly PackageEntry[]): readonly string[]
  relationsOf(candidate: CandidatePackage): PackageRelations
  compareVersions(a: string, b: string): number
  /** As people type it. */
  commandText(trial: Trial): string
  /** One answer for each trial, in their order. */
  answer(world: ResolverWorld, trials: readonly Trial[], context: ResolverContext): Promise<Answers>
}
