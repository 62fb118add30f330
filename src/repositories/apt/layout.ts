import type { CompressionKind } from '../../archive/compression.ts'
import type { DebianClientName } from '../../clients/debian-clients.ts'
import type { IndexName, ListedBody } from '../repository-format.ts'
import type { SuiteOptions } from './release-fields.ts'

/** Where things are, and how they are written: hawser.yaml's words, in full. */
export interface AptLayout extends SuiteOptions {
  /** Folder of the Release file, `dists/<suite>`; empty for a flat repository at the root. */
  readonly folder: string
  /** `deb URL ./`: one index beside Release, without components and architectures. */
  readonly isFlat: boolean
  /** Besides gzip, which is always written. */
  readonly compressions: readonly ('xz' | 'zstd')[]
  readonly contents: boolean
  /** Repeat indexes under names that tools without by-hash ask for. */
  readonly usualNames: boolean
  /** Who must be able to read it. */
  readonly clients: readonly DebianClientName[]
}

export const pathIn = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`)

/** The index that packages of this architecture go to; "all" packages go to every one of the component. */
export const packagesIndex = (
  { isFlat, component }: Pick<AptLayout, 'isFlat' | 'component'>,
  architecture: string,
): IndexName => (isFlat ? 'Packages' : `${component}/binary-${architecture}/Packages`)

// The installer's own indexes (udebs) are not among them: nobody installs from there.
const packagesPattern = /^(?:Packages|(?!.*\/debian-installer\/)(.+)\/binary-([^/]+)\/Packages)$/
const contentsPattern = /^(?:(.+)\/)?Contents-(?!source$|udeb-)([^/.]+)$/

export const listsPackages = (index: IndexName): boolean => packagesPattern.test(index)

/** `undefined`: not an index that lists packages, or a flat one. */
export function packagesIndexParts(
  index: IndexName,
): { readonly component: string; readonly architecture: string } | undefined {
  const [, component, architecture] = packagesPattern.exec(index) ?? []
  return component === undefined || architecture === undefined ? undefined : { component, architecture }
}

/** A suite has them for each component; older archives have one above all components. */
export function contentsIndexParts(
  index: IndexName,
): { readonly component: string | undefined; readonly architecture: string } | undefined {
  const [, component, architecture] = contentsPattern.exec(index) ?? []
  return architecture === undefined ? undefined : { component, architecture }
}

export const isExtended = (index: IndexName): boolean =>
  packagesPattern.test(index) || contentsPattern.test(index)

export const ownContents = (component: string, architecture: string): IndexName =>
  `${component}/Contents-${architecture}`

export const suiteContents = (architecture: string): IndexName => `Contents-${architecture}`

const extensions: { readonly [kind in CompressionKind]: string } = {
  gzip: '.gz',
  xz: '.xz',
  zstd: '.zst',
  none: '',
}

/** `main/binary-amd64/Packages` → `main/binary-amd64/Packages.gz`. */
export const formName = (index: IndexName, form: CompressionKind): string => index + extensions[form]

// Also those that we can neither read nor write.
const formExtension = /\.(gz|xz|zst|bz2|lzma|lz4)$/

export const indexOfForm = (path: string): IndexName => path.replace(formExtension, '')

/** Names of one index in all its forms, and its diffs. */
export const isFormOf = (path: string, index: IndexName): boolean =>
  path === index || path.startsWith(`${index}.`)

const contentTypes: { readonly [extension: string]: string } = {
  gz: 'application/gzip',
  xz: 'application/x-xz',
  zst: 'application/zstd',
}

export const contentTypeOf = (path: string): string =>
  contentTypes[path.slice(path.lastIndexOf('.') + 1)] ?? 'text/plain; charset=utf-8'

/** apt-secure(8), "Acquire-By-Hash": beside the index, under the name of the digest section. */
export const byHashPath = (path: string, section: string, hash: string): string =>
  `${path.slice(0, path.lastIndexOf('/') + 1)}by-hash/${section}/${hash}`

/**
 * The names of a body by hash. apt asks only for the strongest digest that is listed; SHA256 is for everybody else, and
 * weaker ones nobody asks for where it is listed.
 */
export function bodyPaths(
  { folder }: Pick<AptLayout, 'folder'>,
  index: IndexName,
  { sha256, sha512 }: ListedBody['digests'],
): readonly [string, ...string[]] {
  if (sha256 === undefined) throw new Error(`The index ${index} has no SHA-256`)
  const path = pathIn(folder, byHashPath(index, 'SHA256', sha256))
  return sha512 === undefined ? [path] : [path, pathIn(folder, byHashPath(index, 'SHA512', sha512))]
}
