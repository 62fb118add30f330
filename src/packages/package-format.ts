import type { ByteStream } from '../archive/compression.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { Digest } from '../lib/digest.ts'
import type { Signer } from '../signing/signer.ts'
import type { PackageChanges } from './package-changes.ts'
import type { PackageSpec, PackageVersion } from './package-spec.ts'
import type { VersionFinding } from './version.ts'

export interface BuildContext {
  /** Where the finished package is written; the caller moves it into the store. */
  readonly outputPath: string
  /** Present when the format embeds a signature and the package declares one. */
  readonly signer?: Signer
  readonly signal?: AbortSignal
}

/** One package format, writing and reading. Kinds: packages/deb, packages/rpm. */
export interface PackageFormat {
  readonly name: Artifact['kind']
  readonly extension: string
  /**
   * `usual`: clients check a signature inside the package. `on request`: hardly any does, and tools complain about one, so
   * that only a key named for this very format counts.
   */
  readonly embeddedSignature: 'usual' | 'on request'
  /** This format's word for a canonical architecture (packages/architecture.ts). */
  architecture(canonical: string): string
  /** The full version as this format's tools print it, e.g. `1:1.5.1~rc1-1`. */
  version(spec: PackageSpec): string
  /** The same, of a version alone: what stands in its indexes and relations. */
  spellVersion(version: PackageVersion): string
  /** Negative, 0 or positive, as this format's clients compare two spelled versions. */
  compareVersions(a: string, b: string): number
  /** How people name packages with versions. */
  readonly mentions: MentionSpelling
  /** Everything wrong with a version alone, so that config can say it before there is a spec. */
  versionFindings(version: PackageVersion): readonly VersionFinding[]
  fileName(spec: PackageSpec): string
  /** Everything wrong with the spec for this format, before anything is written. Empty when it can be built. */
  findings(spec: PackageSpec): readonly SpecFinding[]
  /** Streams the package to `outputPath`; the same spec and sources give the same bytes. */
  build(spec: PackageSpec, context: BuildContext): Promise<void>
  /** Defensive: checks structure, sizes and digests, and names the offset of what is wrong. */
  read(path: string): Promise<PackageInfo>
  /** Makes a package of finished ones of others; absent where the format cannot. */
  readonly repackage?: Repackaging
  /** What it installs, for images that are made of packages; absent where the format cannot be unpacked here. */
  unpack?(path: string, keep: (body: ByteStream) => Promise<StoredFile>): Promise<UnpackedPackage>
}

/** How a format's commands and files name a package with a version, for texts that must follow. */
export interface MentionSpelling {
  /** What stands between name and version. */
  readonly joins: readonly string[]
  /** Finds a version behind it; for a regular expression. */
  readonly version: string
  /** What replaces `found`; parts that are left out there stay out. */
  replacement(found: string, version: string): string
}

/** Packages of others under our name: their contents, scripts and relations, and what we say anew. */
export interface Repackaging {
  /** How many can be joined into one package. */
  readonly originalsMax: number
  /** Everything wrong with what is said anew, before anything is read. */
  findings(changes: PackageChanges): readonly SpecFinding[]
  /** The same originals and changes give the same bytes. The first original is the one whose words are kept. */
  build(originals: readonly string[], changes: PackageChanges, context: BuildContext): Promise<Repackaged>
}

export interface Repackaged {
  readonly fileName: string
}

/** Where the bytes of an unpacked file went. */
export interface StoredFile {
  readonly digest: Digest
  readonly sizeBytes: number
}

interface Unpacked {
  /** Absolute. */
  readonly path: string
  readonly mode: number
  readonly ownerId: number
  readonly groupId: number
}

export interface UnpackedPackage {
  readonly files: readonly (
    | (Unpacked & StoredFile & { readonly type: 'file' })
    | (Unpacked & { readonly type: 'directory' })
    | (Unpacked & { readonly type: 'symlink'; readonly target: string })
  )[]
  /** The text by which the format's database knows the package (a paragraph of dpkg's status). */
  readonly control: string
}

export interface SpecFinding {
  /** Path in the package's declaration, e.g. ['contents', 3, 'to']. */
  readonly path: readonly (string | number)[]
  readonly code: string
  readonly message: string
  readonly hint: string
}

/** What every format can say of a finished package. */
export interface PackageInfo {
  readonly format: string
  readonly name: string
  /** Full version in the format's own spelling, with epoch when there is one. */
  readonly version: string
  /** In the format's own word. */
  readonly architecture: string
  readonly files: readonly PackageFile[]
  /** Fingerprint or key id of an embedded signature, when there is one. */
  readonly signedBy?: string
}

export interface PackageFile {
  /** Absolute. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'ghost'
  /** Permission bits only. */
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly sizeBytes: number
  readonly target?: string
  readonly isConfig: boolean
}
