import { posix } from 'node:path'
import type { ContentEntry, PackageSpec } from '../package-spec.ts'
import { debVersion } from './version.ts'

/** An entry of data.tar: declared, a parent of a declared one, or made here. */
export type DataEntry = Exclude<ContentEntry, { type: 'ghost' | 'file' }> | DataFile

export type DataFile = Omit<ContentEntry & { type: 'file' }, 'source' | 'digest'> &
  ({ readonly source: string; readonly digest: string } | { readonly bytes: Uint8Array })

/** Where Debian wants a package's copyright and changelog. */
export const copyrightPath = ({ name }: PackageSpec): string => `/usr/share/doc/${name}/copyright`

export const changelogPath = ({ name, version }: PackageSpec): string =>
  // Policy 12.7: a version without a revision is a native package's.
  `/usr/share/doc/${name}/changelog${debVersion(version).includes('-') ? '.Debian' : ''}.gz`

/** Everything that data.tar holds, parents first, in byte order of the paths. Ghosts are left out. */
export function dataEntries(
  spec: PackageSpec,
  generated: readonly { readonly path: string; readonly bytes: Uint8Array }[],
): readonly DataEntry[] {
  const entries = new Map<string, DataEntry>()
  for (const entry of spec.contents) {
    if (entry.type !== 'ghost') entries.set(entry.path, entry)
  }
  for (const { path, bytes } of generated) {
    if (!entries.has(path)) entries.set(path, documentFile(path, bytes))
  }
  // dpkg does not make directories that have no entry of their own.
  for (const path of [...entries.keys()].flatMap(parentsOf)) {
    if (!entries.has(path)) entries.set(path, directory(path))
  }
  return [...entries.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
}

export function parentsOf(path: string): string[] {
  const parents: string[] = []
  for (let parent = posix.dirname(path); parent !== '/' && parent !== '.'; parent = posix.dirname(parent)) {
    parents.push(parent)
  }
  return parents
}

/** deb-substvars(5): files by their size in whole KiB, everything else by one, the root folder included. */
export function installedSizeKiB(entries: readonly DataEntry[]): number {
  return entries.reduce(
    (total, entry) => total + (entry.type === 'file' ? Math.ceil(entry.sizeBytes / 1024) : 1),
    1,
  )
}

const owned = { owner: 'root', group: 'root' } as const

const documentFile = (path: string, bytes: Uint8Array): DataFile => ({
  ...owned,
  type: 'file',
  path,
  bytes,
  sizeBytes: bytes.length,
  mode: 0o644,
  role: 'doc',
})

const directory = (path: string): DataEntry => ({ ...owned, type: 'directory', path, mode: 0o755 })
