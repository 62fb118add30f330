import type { CompressionKind } from '../archive/compression.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { ResumableAlgorithm } from '../lib/resumable-hash.ts'
import type { PackageInfo } from '../packages/package-format.ts'
import type { PublicKey, SignatureVerifier, Signer } from '../signing/signer.ts'
import type { CopySource, ObjectVersion, PutBody, PutOptions, Storage } from '../storage/storage.ts'
import type { IndexState, PerAlgorithm } from './append/index-state.ts'
import type { NamedClient } from './clients.ts'
import type { GenerationRef } from './generation.ts'

/** A package file that is to be in the repository: verified bytes on the local disk. */
export interface PackageInput {
  readonly artifact: Artifact
  readonly file: string
  /** What it holds, when somebody has read it whole already; else it is read when it is needed. */
  readonly files?: PackageInfo['files'] | undefined
}

/** What decides about identity: a released (name, version, architecture) never changes its bytes. */
export interface PackageEntry {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Path in the storage. */
  readonly path: string
  readonly sizeBytes: number
  /** Hex. Something else (`sha512:…`) where a foreign index has no SHA-256. */
  readonly sha256: string
  /** The indexes that list it, where a format has several (`main/binary-amd64/Packages`). None of them may lose it. */
  readonly listedIn?: readonly IndexName[]
}

/** `main/binary-amd64/Packages`, `main/Contents-amd64`; `primary`, `filelists`, `other`. */
export type IndexName = string

/** A package as a format needs it for its indexes. `facts` are private to the format. */
export interface Addition<Facts = unknown> {
  readonly entry: PackageEntry
  readonly content: PackageContent
  readonly facts: Facts
}

/** Where its bytes come from: the local disk, or another repository's storage. */
export interface PackageContent {
  readonly body: PutBody | CopySource
  readonly contentType: string
}

/**
 * The entry file: the one object that names everything else (InRelease, repomd.xml). Reading it never reads an index.
 * `own` is private to the format: unknown fields and foreign records are kept in it byte for byte.
 */
export interface RepositoryEntry<Own = unknown> {
  /** What a publish compares and swaps; undefined when the entry file itself is absent (an APT repository may have only `Release`). */
  readonly version: ObjectVersion | undefined
  readonly signature: EntrySignature
  /** Undefined: it was not written by Hawser, or before there were generations. */
  readonly generation: GenerationRef | undefined
  /** When it was published, as it says itself. */
  readonly date: Date | undefined
  /** Clients refuse it before, as far as clocks agree. */
  readonly notBefore?: Date | undefined
  /** Clients refuse it afterwards. */
  readonly validUntil?: Date | undefined
  /** The indexes that this format appends to; others (translations, installers) stay as they are. */
  readonly indexes: ReadonlyMap<IndexName, ListedIndex>
  readonly own: Own
}

/** What an entry says of an index. */
export interface ListedIndex {
  readonly plain: ListedBody | undefined
  readonly forms: ReadonlyMap<CompressionKind, ListedBody>
}

export interface ListedBody {
  readonly sizeBytes: number
  readonly digests: PerAlgorithm
}

/** `unchecked`: there is a signature, and `readEntry` was given no verifier. A wrong signature never gets this far. */
export type EntrySignature =
  | { readonly status: 'absent' | 'unchecked' }
  | { readonly status: 'verified'; readonly fingerprint: string }

/** How an index is written. */
export interface IndexShape {
  readonly header: Uint8Array
  readonly footer: Uint8Array
  /** Never empty; all that the repository has and those that its options want. */
  readonly forms: readonly Exclude<CompressionKind, 'none'>[]
  /** Digests that the entry lists; `sha256` is always among them. */
  readonly algorithms: readonly ResumableAlgorithm[]
}

/** An index as it is, read as a stream; every digest that the entry lists is checked by the time the stream ends. */
export interface OpenIndex {
  readonly shape: IndexShape
  readonly fragments: AsyncIterable<Fragment>
}

/** The part of an index that stands for one package (or one file, in Contents), byte for byte, with what separates it from the next. */
export interface Fragment {
  readonly bytes: Uint8Array
  /** Where the index is the one that lists packages; `listedIn` is that index alone. */
  readonly entry?: PackageEntry | undefined
}

/** A fragment that an index gets. */
export interface Placement {
  readonly index: IndexName
  readonly bytes: Uint8Array
  /** The package that this lists; absent in indexes that only describe (filelists, Contents). */
  readonly entry?: PackageEntry | undefined
  /** Who the fragment belongs to, when the same bytes need to be there only once (files that every version of a package has). */
  readonly once?: string | undefined
}

export interface PlacementContext extends ReadOptions {
  readonly storage: Storage
  /** The repository will be signed. */
  readonly isSigned: boolean
  /** How many fragments each index has. */
  readonly counts: ReadonlyMap<IndexName, number>
}

export interface Upload {
  readonly path: string
  readonly body: PutBody
  readonly contentType: string
  readonly caching: NonNullable<PutOptions['caching']>
}

/** A file under a name that is overwritten: it repeats or signs the entry, or repeats an index under its usual name. */
export type Companion = Upload | CompanionCopy | CompanionRemoval

export interface CompanionCopy {
  readonly path: string
  readonly copyOf: string
  readonly sizeBytes: number
  readonly contentType: string
  readonly caching: NonNullable<PutOptions['caching']>
}

/** A file under a usual name that nothing renews any more: it would mislead whoever reads it. */
export interface CompanionRemoval {
  readonly path: string
  readonly isRemoval: true
}

export interface RenderedEntry {
  /** Written before the entry, under names that contain their digest. */
  readonly before: readonly Upload[]
  readonly entry: Upload
  /** What makes readers stumble until it is there (a signature beside the entry): written at once, by whoever won. */
  readonly after: readonly Upload[]
}

/** One kind of repository. Pure over its storage: what is written is written by the rooms above. Kinds: repositories/apt, /dnf. */
export interface RepositoryFormat<Own = unknown, Facts = unknown> {
  /** The package format it holds. */
  readonly packageFormat: Artifact['kind']
  /** Who must be able to read it. */
  readonly clients?: readonly NamedClient[] | undefined
  /** `dists/stable`, `repodata`: our own records of it are in `.hawser/<folder>/`. */
  readonly folder: string
  /** Everything that describes it is below: `dists/stable/`, `repodata/`; empty for the root of the storage. */
  readonly metadataPrefix: string
  /**
   * Reads the entry file, and checks its signature when there is a verifier. Undefined: there is no repository (absent,
   * not unknown). Throws when it cannot be known or does not verify. Reads nothing else but signatures.
   */
  readEntry(storage: Storage, options: ReadOptions): Promise<RepositoryEntry<Own> | undefined>
  /** Reads one of `entry.indexes`. */
  openIndex(
    storage: Storage,
    entry: RepositoryEntry<Own>,
    index: IndexName,
    options: ReadOptions,
  ): Promise<OpenIndex>
  /** The index that lists packages, among `entry.indexes`; others only describe. */
  listsPackages(index: IndexName): boolean
  /**
   * The indexes that must list a package in the repository as it stands; what misses one of them is added there. Absent
   * where being listed at all is enough.
   */
  indexesFor?(entry: RepositoryEntry<Own> | undefined, wanted: PackageEntry): readonly IndexName[]
  /** Reads a package file. */
  prepare(input: PackageInput): Promise<Addition<Facts>>
  /**
   * What the additions put into which index, in a canonical order; new indexes too. An index of `entry.indexes` that is
   * not `placed` stays as it is. Throws where a package does not belong here (unsigned, a path that is taken).
   */
  place(
    entry: RepositoryEntry<Own> | undefined,
    additions: readonly Addition<Facts>[],
    context: PlacementContext,
  ): Promise<readonly Placement[]>
  /** How an index is written from now on; `entry` as it stands before. */
  shapeOf(entry: RepositoryEntry<Own> | undefined, index: IndexName): IndexShape
  /** Indexes that exist even when they are empty. */
  requiredIndexes(entry: RepositoryEntry<Own> | undefined): readonly IndexName[]
  /**
   * Where the body of an index is, by its digest: the first is where it is composed, the others are copies that are made
   * before the entry (a by-hash name of another digest).
   */
  bodyPaths(
    index: IndexName,
    form: CompressionKind,
    digests: ListedBody['digests'],
  ): readonly [string, ...string[]]
  contentTypeOf(index: IndexName, form: CompressionKind): string
  /** The entry that lists exactly these indexes, signed; unknown fields and foreign files of `previous` stay. */
  renderEntry(
    previous: RepositoryEntry<Own> | undefined,
    indexes: ReadonlyMap<IndexName, IndexState>,
    context: RenderContext,
  ): Promise<RenderedEntry>
  /** Whether the options say something that the entry does not say yet, so that even an empty publish must write one. */
  isOutdated?(entry: RepositoryEntry<Own>): Promise<boolean>
  /**
   * The companions of the entry that stands, that are missing or do not agree with it, in the order in which to write
   * them. Empty when all is well. Large copies are compared by size and tail; `inspect` reads them whole.
   */
  staleCompanions(
    storage: Storage,
    entry: RepositoryEntry<Own>,
    context: RepairContext,
  ): Promise<readonly Companion[]>
  /** Everything else that a client may read and that does not agree with the entry; packages are checked by the caller. */
  inspect(
    storage: Storage,
    entry: RepositoryEntry<Own>,
    options: ReadOptions,
  ): Promise<readonly RepositoryFinding[]>
  /** Packages of one repository, chosen by `wanted`, as additions to another one of this format (with its own layout): nothing is downloaded but indexes. */
  exportAdditions(
    source: { readonly storage: Storage; readonly entry: RepositoryEntry<Own> },
    wanted: (entry: PackageEntry) => boolean,
    options: ReadOptions,
  ): AsyncIterable<Addition<Facts>>
  /** An index without some packages; undefined for a fragment that is to go. `removed` by `sha256`, `kept` names still have another version. */
  withoutPackages(index: IndexName, fragment: Fragment, removal: Removal): Fragment | undefined
  /** Where bodies of indexes and signatures lie under names that hold a digest, for `gc`: prefixes of `storage.list`. */
  indexPrefixes(entry: RepositoryEntry<Own>): readonly string[]
  /** Where packages that this format stored lie. */
  readonly packagePrefixes: readonly string[]
  /** How their names end: what else is there (source packages, installer packages) is of others, who list it elsewhere. */
  readonly packageExtension: string
  /** Other repositories in the same storage that may list the same package files (other suites). Throws when one cannot be known. */
  siblings(storage: Storage, options: ReadOptions): Promise<readonly RepositoryFormat[]>
  /** Paths of files beside the appended indexes that the entry needs: foreign indexes, extra metadata, signatures. */
  otherFiles(entry: RepositoryEntry<Own>): readonly string[]
  /** What makes clients see a repository at all, whether it is there or not, in the order in which to write it: the entry last. */
  readonly entryFiles: readonly string[]
  /** The files that make a client trust and use it, ready to copy (public key, .sources, .repo); none without signers. */
  clientFiles(context: ClientFilesContext): readonly ClientFile[]
  /** What a keyring package of this format installs: the keys and, with an address, what makes a system use the repository. */
  keyringFiles(context: KeyringContext): readonly KeyringFile[]
}

export interface Removal {
  readonly removed: readonly PackageEntry[]
  /** Is there still a package of this name in the index that lists it (by `listedIn`)? */
  readonly isNameKept: (name: string, index: IndexName) => boolean
}

export interface ReadOptions {
  /** Absent: signatures are not checked, and `signature` says so. */
  readonly verifier?: SignatureVerifier | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RenderContext {
  readonly signers: readonly Signer[]
  readonly generation: GenerationRef
  /** Of this publish; a repository never goes back in time, so a later date in `previous` wins where clients compare dates. */
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
  /** Clients are to have the keys where a keyring package installs them, so that it can replace them. */
  readonly hasKeyringPackage?: boolean | undefined
}

export interface ClientFile {
  /** Path in the storage. */
  readonly path: string
  readonly body: Uint8Array
  readonly contentType: string
  /** For people: where it goes on a client, e.g. `/etc/yum.repos.d/hawser.repo`. */
  readonly installAs: string
}

export interface KeyringContext {
  /** All that clients are to trust, the first signing one first. */
  readonly publicKeys: readonly PublicKey[]
  /** Absent: the keys alone. */
  readonly publicUrl?: string | undefined
  readonly name: string
}

/** A file of a keyring package. */
export interface KeyringFile {
  /** Absolute, where it is installed. */
  readonly path: string
  readonly body: Uint8Array
  readonly role: 'plain' | 'config' | 'config-noreplace'
}
