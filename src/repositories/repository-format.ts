import type { Artifact } from '../artifacts/artifact.ts'
import type { Signer } from '../signing/signer.ts'
import type { ObjectVersion, PutBody, PutOptions, Storage } from '../storage/storage.ts'

/** A package file that is to be in the repository: verified bytes on the local disk. */
export interface PackageInput {
  readonly artifact: Artifact
  readonly file: string
}

/** What decides about identity: a released (name, version, architecture) never changes its bytes. */
export interface PackageEntry {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Path in the storage. */
  readonly path: string
  readonly sizeBytes: number
  /** Hex. */
  readonly sha256: string
}

/**
 * The repository as its indexes say, and the version of the entry file they were read through. Unknown fields and
 * foreign entries are kept byte for byte in `index` (private to the format).
 */
export interface RepositoryState<Index = unknown> {
  /** Undefined: there is no repository here yet (absent, not unknown). */
  readonly entryVersion: ObjectVersion | undefined
  readonly entries: readonly PackageEntry[]
  readonly index: Index
}

export interface Upload {
  readonly path: string
  readonly body: PutBody
  readonly contentType: string
  readonly caching: NonNullable<PutOptions['caching']>
}

/** The three waves of the safe write order. Only `entry[0]` is conditional: it is the compare-and-swap. */
export interface RenderedRepository {
  /** Packages; the names are never reused for other bytes. */
  readonly content: readonly Upload[]
  /** Indexes under names that contain their digest, then the usual names for old tools. */
  readonly indexes: readonly Upload[]
  /** The file that names the indexes (InRelease, repomd.xml), then its companions (Release, Release.gpg, .asc). */
  readonly entry: readonly Upload[]
}

/** One kind of repository. Pure over its storage: `publish.ts` does all writing. Kinds: repositories/apt, /dnf. */
export interface RepositoryFormat<Index = unknown> {
  /** The package format it holds. */
  readonly packageFormat: Artifact['kind']
  /** Reads and checks the whole current state; throws when it cannot be known or does not verify. */
  read(storage: Storage, signal?: AbortSignal): Promise<RepositoryState<Index>>
  /** The entry that a package would get. */
  entryOf(input: PackageInput): Promise<PackageEntry>
  /** The repository with the additions; every entry of `state` is still in it. */
  render(
    state: RepositoryState<Index>,
    additions: readonly PackageInput[],
    context: RenderContext,
  ): Promise<RenderedRepository>
  /** The files that make a client trust and use it, ready to copy (public key, .sources, .repo). */
  clientFiles(context: ClientFilesContext): readonly ClientFile[]
}

export interface RenderContext {
  readonly signers: readonly Signer[]
  readonly date: Date
  readonly signal?: AbortSignal
}

export interface ClientFilesContext {
  readonly signers: readonly Signer[]
  /** Where clients find it, e.g. `https://packages.example.org/apt` or `file:///srv/apt`. */
  readonly publicUrl: string
  readonly name: string
}

export interface ClientFile {
  /** Path in the storage. */
  readonly path: string
  readonly body: Uint8Array
  readonly contentType: string
  /** For people: where it goes on a client, e.g. `/etc/yum.repos.d/hawser.repo`. */
  readonly installAs: string
}
