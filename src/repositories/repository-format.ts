import type { Artifact } from '../artifacts/artifact.ts'
import type { SignatureVerifier, Signer } from '../signing/signer.ts'
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
  /** The indexes that list it, where a format has several (`main/binary-amd64`). None of them may lose it. */
  readonly listedIn?: readonly string[]
}

/**
 * The repository as its indexes say, and the version of the entry file they were read through. Unknown fields and
 * foreign entries are kept byte for byte in `index` (private to the format).
 */
export interface RepositoryState<Index = unknown> {
  /** False: there is no repository here yet (absent, not unknown). */
  readonly exists: boolean
  /** What a publish compares and swaps; undefined when the entry file is absent (an APT repository may have only `Release`). */
  readonly entryVersion: ObjectVersion | undefined
  readonly signature: EntrySignature
  readonly entries: readonly PackageEntry[]
  readonly index: Index
}

/** `unchecked`: there is a signature, and `read` was given no verifier. A wrong signature never gets this far. */
export type EntrySignature =
  | { readonly status: 'absent' | 'unchecked' }
  | { readonly status: 'verified'; readonly fingerprint: string }

export interface Upload {
  readonly path: string
  readonly body: PutBody
  readonly contentType: string
  readonly caching: NonNullable<PutOptions['caching']>
}

/** The waves of the safe write order. Only `entry` is conditional: it is the compare-and-swap. */
export interface RenderedRepository {
  /** Packages; their names are never reused for other bytes. */
  readonly content: readonly Upload[]
  /** Indexes under names that contain their digest, so that writers who lose the race harm nobody. */
  readonly indexes: readonly Upload[]
  /** The one file that names the indexes: InRelease, repomd.xml. */
  readonly entry: Upload
  /** What repeats or signs the entry under names that are overwritten: usual index names, Release, Release.gpg, repomd.xml.asc. */
  readonly companions: readonly Upload[]
}

/** One kind of repository. Pure over its storage: `publish.ts` does all writing. Kinds: repositories/apt, /dnf. */
export interface RepositoryFormat<Index = unknown> {
  /** The package format it holds. */
  readonly packageFormat: Artifact['kind']
  /**
   * Reads the whole current state and checks every digest on the way, and the signature when there is a verifier.
   * Throws when it cannot be known or does not verify. Never lists the storage.
   */
  read(storage: Storage, options: ReadOptions): Promise<RepositoryState<Index>>
  /** The entry that a package would get. */
  entryOf(input: PackageInput): Promise<PackageEntry>
  /** The repository with the additions; every entry of `state` is still in it. */
  render(
    state: RepositoryState<Index>,
    additions: readonly PackageInput[],
    context: RenderContext,
  ): Promise<RenderedRepository>
  /**
   * The companions of the current entry that are missing or do not agree with it, as an interrupted publish leaves
   * them. Empty when all is well; reads, never writes.
   */
  staleCompanions(
    storage: Storage,
    state: RepositoryState<Index>,
    context: RepairContext,
  ): Promise<readonly Upload[]>
  /** Everything else that a client may read and that does not agree with the entry; packages are checked by the caller. */
  inspect(
    storage: Storage,
    state: RepositoryState<Index>,
    options: ReadOptions,
  ): Promise<readonly RepositoryFinding[]>
  /** The files that make a client trust and use it, ready to copy (public key, .sources, .repo); none without signers. */
  clientFiles(context: ClientFilesContext): readonly ClientFile[]
}

export interface ReadOptions {
  /** Absent: signatures are not checked, and `state.signature` says so. */
  readonly verifier?: SignatureVerifier | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RenderContext {
  readonly signers: readonly Signer[]
  /** Of this publish; a repository never goes back in time, so a later date in `state` wins. */
  readonly date: Date
  readonly signal?: AbortSignal | undefined
}

export interface RepairContext {
  readonly signers: readonly Signer[]
  /** A foreign signature that it accepts is left alone. */
  readonly verifier?: SignatureVerifier | undefined
  readonly signal?: AbortSignal | undefined
}

/** Something that a client would stumble over. */
export interface RepositoryFinding {
  readonly code: string
  /** Path in the storage. */
  readonly path: string
  readonly message: string
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
