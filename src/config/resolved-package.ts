import type {
  ChangelogEntry,
  ContentEntry,
  PackageCompression,
  PackageVersion,
  Relations,
  Scripts,
  Trigger,
} from '../packages/package-spec.ts'
import type { FilePattern } from './config.ts'

/** One variant of a package: it is built on its own. */
export interface Variant {
  readonly format: string
  readonly architecture: string
  readonly distribution: string | undefined
}

/** A package for one variant: overrides applied, references replaced, texts read. Globs and sources are not opened. */
export interface ResolvedPackage extends Variant {
  readonly name: string
  readonly version: PackageVersion
  readonly summary: string
  readonly description: string
  readonly maintainer: string
  readonly vendor: string | undefined
  readonly homepage: string | undefined
  readonly license: string
  readonly section: string
  readonly priority: string
  /** In the order of the file; entries of overrides come after those they do not replace. */
  readonly contents: readonly ResolvedContent[]
  readonly relations: Relations
  /** Paths of files in the project. */
  readonly scripts: Scripts
  readonly systemd: readonly ResolvedUnit[]
  /** `script` is the path of a file in the project. */
  readonly triggers: readonly Trigger[]
  readonly changelog: ResolvedChangelog
  readonly compression: PackageCompression
  readonly fields: { readonly [name: string]: string }
  /** Name of the key for an embedded signature. */
  readonly sign: string | undefined
}

/** A package of finished ones of others, for one variant. What is undefined stays as they have it. */
export interface ResolvedRepackage extends Variant {
  readonly name: string
  /** The packages, the main one first. */
  readonly from: readonly FilePattern[]
  readonly version: PackageVersion | undefined
  readonly summary: string | undefined
  readonly description: string | undefined
  readonly maintainer: string | undefined
  readonly vendor: string | undefined
  readonly homepage: string | undefined
  readonly license: string | undefined
  readonly section: string | undefined
  readonly priority: string | undefined
  readonly relations: Relations
  readonly fields: { readonly [name: string]: string }
  readonly sign: string | undefined
}

type Role = Extract<ContentEntry, { type: 'file' }>['role']

interface Owned {
  readonly owner: string
  readonly group: string
}

export type ResolvedContent =
  | (Owned & {
      readonly type: 'file'
      readonly from: FilePattern
      /** Absolute; with `/` at the end: a folder to put the files in. */
      readonly to: string
      /** Undefined: as the file is, executable or not. */
      readonly mode: number | undefined
      readonly role: Role
    })
  | (Owned & { readonly type: 'directory'; readonly path: string; readonly mode: number })
  | (Owned & { readonly type: 'symlink'; readonly path: string; readonly target: string })
  | (Owned & { readonly type: 'ghost'; readonly path: string; readonly mode: number })

export interface ResolvedUnit {
  /** e.g. `hello.service`. */
  readonly unit: string
  /** The unit file. */
  readonly from: FilePattern
  readonly enable: boolean
  readonly start: boolean
  readonly restartAfterUpgrade: boolean
}

export type ResolvedChangelog =
  /** A file of the project in the form of debian/changelog. */
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'entries'; readonly entries: readonly ChangelogEntry[] }
