import { artifactKinds } from '../../artifacts/artifact.ts'
import type { Storage } from '../../storage/storage.ts'
import type { PackageEntry, ReadOptions, RepositoryEntry } from '../repository-format.ts'
import { sourceGoneError } from '../upload.ts'
import type { DnfAddition } from './additions.ts'
import type { IndexKind } from './index-shapes.ts'
import { type Layout, packagePath } from './location.ts'
import { openDnfIndex } from './open-index.ts'
import type { DnfEntry } from './read-entry.ts'
import { hasSignature } from './rpm-signature.ts'
import { xmlElement } from './xml-escape.ts'

/** Packages of a repository with their parts of the three indexes as they are, except for the place of the file. */
export async function* exportAdditions(
  source: { readonly storage: Storage; readonly entry: RepositoryEntry<DnfEntry> },
  wanted: (entry: PackageEntry) => boolean,
  layout: Layout,
  options: ReadOptions,
): AsyncGenerator<DnfAddition> {
  const chosen = new Map<
    string,
    { readonly entry: PackageEntry; readonly from: string; readonly primary: string }
  >()
  const primary = await openDnfIndex(source.storage, source.entry, 'primary', 'gzip', options)
  for await (const { entry, packageId, bytes } of primary.fragments) {
    if (entry === undefined || entry.isElsewhere || !wanted(entry)) continue
    const { name, upstreamVersion: version, release, architecture } = entry
    const path = packagePath(layout, { name, version, release, arch: architecture })
    const text = Buffer.from(bytes).toString('utf8').trimEnd()
    const { version: evr, sizeBytes, sha256 } = entry
    const moved = { name, version: evr, architecture, path, sizeBytes, sha256 }
    chosen.set(packageId, { entry: moved, from: entry.path, primary: withLocation(text, path) })
  }
  const others = {
    filelists: await fragmentsOf(source, 'filelists', chosen, options),
    other: await fragmentsOf(source, 'other', chosen, options),
  }
  for (const [packageId, { entry, from, primary: text }] of chosen) {
    const isSigned = await hasSignature(source.storage, from, options.signal)
    if (isSigned === undefined) throw sourceGoneError(from)
    yield {
      entry,
      content: { body: { storage: source.storage, path: from }, contentType: artifactKinds.rpm.mediaType },
      facts: {
        isSigned,
        fragments: {
          primary: text,
          filelists: others.filelists.get(packageId) ?? emptyFragment(packageId, entry),
          other: others.other.get(packageId) ?? emptyFragment(packageId, entry),
        },
      },
    }
  }
}

const withLocation = (primary: string, path: string): string =>
  primary.replace(/<location\b[^>]*\/>/, () => xmlElement('location', undefined, { href: path }))

/** A repository may lack these indexes; an empty list is what its clients saw. */
function emptyFragment(packageId: string, { name, version, architecture }: PackageEntry): string {
  const [, epoch = '0', ver = '', rel = ''] = /^(?:(\d+):)?(.*)-([^-]*)$/.exec(version) ?? []
  const element = xmlElement('version', undefined, { epoch, ver, rel })
  return `<package pkgid="${packageId}" name="${name}" arch="${architecture}">\n  ${element}\n</package>`
}

async function fragmentsOf(
  { storage, entry }: { readonly storage: Storage; readonly entry: RepositoryEntry<DnfEntry> },
  kind: Exclude<IndexKind, 'primary'>,
  chosen: ReadonlyMap<string, unknown>,
  options: ReadOptions,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  if (entry.own.records[kind] === undefined) return found
  const { fragments } = await openDnfIndex(storage, entry, kind, 'gzip', options)
  for await (const { packageId, bytes } of fragments) {
    if (chosen.has(packageId)) found.set(packageId, Buffer.from(bytes).toString('utf8').trimEnd())
  }
  return found
}
