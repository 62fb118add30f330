import type { Digest } from '../lib/digest.ts'

/**
 * A package as it is to be built: everything resolved (globs, references, overrides of this format, distribution
 * and architecture), nothing optional that a format would have to guess. What people write is in config/.
 */
export interface PackageSpec {
  readonly name: string
  readonly version: PackageVersion
  /** Canonical word: see packages/architecture.ts; `all` when it does not depend on the machine. */
  readonly architecture: string
  /** One line, no final stop. */
  readonly summary: string
  /** Paragraphs are separated by an empty line. */
  readonly description: string
  readonly maintainer: string
  readonly vendor: string | undefined
  readonly homepage: string | undefined
  /** SPDX expression. */
  readonly license: string
  readonly section: string
  readonly priority: string
  /** Distribution whose conventions apply to scriptlets, e.g. `debian`, `el9`; undefined: the format's usual. */
  readonly distribution: string | undefined
  readonly relations: Relations
  /** In byte order of `path`; parents of declared paths need no entry of their own. */
  readonly contents: readonly ContentEntry[]
  readonly scripts: Scripts
  readonly triggers: readonly Trigger[]
  readonly systemd: readonly SystemdUnit[]
  /** Newest first. */
  readonly changelog: readonly ChangelogEntry[]
  readonly compression: PackageCompression
  /** Free control fields or tags of this format, e.g. `{ 'Multi-Arch': 'foreign' }`. */
  readonly fields: { readonly [name: string]: string }
  /** Seconds since 1970; the only time in the package. */
  readonly epoch: number
}

/** Parts of a version before a format renders them. See packages/version.ts for the schemes. */
export interface PackageVersion {
  readonly epoch: number
  /** As declared: SemVer or upstream's own, e.g. `1.5.0-rc.1`. */
  readonly declared: string
  /** The build number; deb revision and rpm release. */
  readonly build: string
  /** Name of the version scheme, `standard` or `ket`. */
  readonly scheme: string
}

export type RelationOperator = '=' | '<' | '<=' | '>' | '>='

/** One alternative: `name (op version)`. The version is written once, and rendered by each format's scheme. */
export interface Relation {
  readonly name: string
  readonly operator?: RelationOperator
  readonly version?: string | PackageVersion
}

/** Every member: all of these, each any of these. */
export type RelationList = readonly (readonly Relation[])[]

export interface Relations {
  readonly depends: RelationList
  readonly preDepends: RelationList
  readonly recommends: RelationList
  readonly suggests: RelationList
  readonly enhances: RelationList
  readonly conflicts: RelationList
  readonly breaks: RelationList
  readonly provides: RelationList
  readonly replaces: RelationList
  readonly obsoletes: RelationList
}

interface EntryBase {
  /** Absolute in the installed system, normalised, no `.` or `..`. */
  readonly path: string
  readonly owner: string
  readonly group: string
}

export type ContentEntry =
  | (EntryBase & {
      readonly type: 'file'
      /** Where the bytes are now. Never stored in the package. */
      readonly source: string
      readonly sizeBytes: number
      readonly digest: Digest
      readonly mode: number
      readonly role: 'plain' | 'config' | 'config-noreplace' | 'config-missingok' | 'doc' | 'license'
    })
  | (EntryBase & { readonly type: 'directory'; readonly mode: number })
  | (EntryBase & { readonly type: 'symlink'; readonly target: string })
  /** Owned but not shipped (rpm only; a deb leaves it out). */
  | (EntryBase & { readonly type: 'ghost'; readonly mode: number })

export interface Scripts {
  readonly preInstall?: string
  readonly postInstall?: string
  readonly preRemove?: string
  readonly postRemove?: string
  readonly preTransaction?: string
  readonly postTransaction?: string
}

export interface Trigger {
  readonly kind:
    | 'interest'
    | 'interest-noawait'
    | 'activate'
    | 'activate-noawait'
    | 'trigger-in'
    | 'trigger-un'
    | 'trigger-postun'
  /** A path or a trigger name (deb), a package relation (rpm). */
  readonly on: string
  /** Rpm only. */
  readonly script?: string
}

export interface SystemdUnit {
  /** e.g. `hello.service`; the unit file itself is in `contents`. */
  readonly unit: string
  readonly enable: boolean
  readonly start: boolean
  readonly restartAfterUpgrade: boolean
}

export interface ChangelogEntry {
  readonly version: string
  readonly author: string
  /** Seconds since 1970. */
  readonly date: number
  readonly changes: readonly string[]
}

export interface PackageCompression {
  readonly kind: 'gzip' | 'xz' | 'zstd' | 'none'
  readonly level: number
}
