import type { z } from 'zod'
import type { CompressionKind } from '../archive/compression.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { Provider } from '../provider.ts'
import type { OptionFinding } from './clients.ts'
import type { RepositoryFormat } from './repository-format.ts'

/** What a kind of repository gets from its caller, beside its options. */
export interface RepositoryContext {
  /** Absolute; the folder of hawser.yaml, which files in options are relative to. */
  readonly folder: string
}

/** What is known of a package before it is built. */
export interface PlannedPackage {
  readonly compression: CompressionKind
}

/** A kind of repository, and what it can say of its options before anything is opened. */
export interface RepositoryProvider<Own, Facts, Options extends z.ZodObject>
  extends Provider<RepositoryFormat<Own, Facts>, Options, RepositoryContext> {
  /** The package format it holds. */
  readonly packageFormat: Artifact['kind']
  /** Where clients find the public key, among the files that the repository has for them; undefined where several keys have a file each. */
  publicKeyFile(repository: string, keyCount: number): string | undefined
  /** Choices that a named client could not live with. */
  findings(options: z.output<Options>): readonly OptionFinding[]
  /** What keeps named clients from installing such a package; undefined when nothing does. */
  packageFinding(options: z.output<Options>, planned: PlannedPackage): Omit<OptionFinding, 'path'> | undefined
}
