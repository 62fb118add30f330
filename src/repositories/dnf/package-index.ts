import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { PackageEntry } from '../repository-format.ts'
import { type IndexKind, indexKinds, indexShapes } from './index-shapes.ts'
import { pathOfLocation } from './location.ts'
import { readIndex } from './read-index.ts'
import { type MetadataRecord, type Repomd, repomdPath } from './repomd.ts'
import type { XmlDocument, XmlElement } from './xml-elements.ts'

/** What dnf keeps of a repository between reading and writing it. */
export interface DnfIndex {
  /** Undefined: there is no repository yet. */
  readonly repomd: Repomd | undefined
  readonly repomdBytes: Uint8Array
  readonly lists: Readonly<Record<IndexKind, PackageList>>
  readonly packages: readonly IndexedPackage[]
}

/** One of the three indexes. */
export interface PackageList {
  /** Attributes of the root beyond the usual ones: namespaces that foreign fragments may need. */
  readonly rootAttributes: Readonly<Record<string, string>>
  readonly fragments: readonly Fragment[]
}

/** A package's part of an index, byte for byte as it was found or rendered. */
export interface Fragment {
  /** Checksum of the package, which ties the three indexes together. */
  readonly packageId: string
  /** Location in the repository; orders the fragments. */
  readonly path: string
  readonly raw: string
}

export interface IndexedPackage extends PackageEntry {
  readonly packageId: string
  readonly isElsewhere: boolean
}

export const emptyIndex: DnfIndex = {
  repomd: undefined,
  repomdBytes: new Uint8Array(0),
  lists: {
    primary: { rootAttributes: {}, fragments: [] },
    filelists: { rootAttributes: {}, fragments: [] },
    other: { rootAttributes: {}, fragments: [] },
  },
  packages: [],
}

/** Reads and checks all that repomd.xml names of the packages. */
export async function readPackageIndex(
  storage: Storage,
  repomd: Repomd,
  repomdBytes: Uint8Array,
  signal?: AbortSignal,
): Promise<DnfIndex> {
  const records = recordsByKind(repomd)
  if (records.primary === undefined) {
    throw new UserError(
      'DNF_PRIMARY_MISSING',
      `${repomdPath} names no "primary", the list of all packages.`,
      {
        hint: 'Make the metadata again with "createrepo_c", or remove repodata/ if the repository is to start empty.',
      },
    )
  }
  const read = (kind: IndexKind) => readList(storage, kind, records[kind], signal)
  const primary = await readIndex(storage, 'primary', records.primary, signal)
  const packages = primary.elements.map((element) => indexedPackage(element, records.primary?.path ?? ''))
  const paths = new Map(packages.map(({ packageId, path }) => [packageId, path]))
  const primaryFragments = primary.elements.map(({ raw }, index) => ({
    packageId: packages[index]?.packageId ?? '',
    path: packages[index]?.path ?? '',
    raw,
  }))
  return {
    repomd,
    repomdBytes,
    packages,
    lists: {
      primary: { rootAttributes: foreignAttributes('primary', primary), fragments: primaryFragments },
      filelists: packageList('filelists', await read('filelists'), paths),
      other: packageList('other', await read('other'), paths),
    },
  }
}

function recordsByKind(repomd: Repomd): Partial<Record<IndexKind, MetadataRecord>> {
  const found: Partial<Record<IndexKind, MetadataRecord>> = {}
  for (const kind of indexKinds) {
    const [record, second] = repomd.records.filter(({ type }) => type === kind)
    if (second !== undefined) {
      throw new UserError('DNF_RECORD_TWICE', `${repomdPath} names two files of the type "${kind}".`, {
        hint: 'Clients take one of them, and it is not said which. Make the metadata again, then publish again.',
      })
    }
    if (record !== undefined) found[kind] = record
  }
  return found
}

async function readList(
  storage: Storage,
  kind: IndexKind,
  record: MetadataRecord | undefined,
  signal: AbortSignal | undefined,
): Promise<XmlDocument> {
  // Only primary is a must; repositories without filelists or other are used by real clients.
  if (record === undefined) return { rootAttributes: {}, elements: [] }
  return readIndex(storage, kind, record, signal)
}

function packageList(
  kind: IndexKind,
  document: XmlDocument,
  paths: ReadonlyMap<string, string>,
): PackageList {
  return {
    rootAttributes: foreignAttributes(kind, document),
    fragments: document.elements.map(({ attributes, raw }) => {
      const packageId = attributes['pkgid'] ?? ''
      return { packageId, path: paths.get(packageId) ?? '', raw }
    }),
  }
}

function foreignAttributes(kind: IndexKind, { rootAttributes }: XmlDocument): Record<string, string> {
  const own: Readonly<Record<string, string>> = indexShapes[kind].namespaces
  const foreign = Object.entries(rootAttributes).filter(([name]) => name !== 'packages')
  const clash = foreign.find(([name, value]) => name in own && own[name] !== value)
  if (clash !== undefined) {
    throw new UserError('DNF_NAMESPACE_CLASH', `The "${kind}" index declares ${clash[0]}="${clash[1]}".`, {
      hint: `Every client and tool expects "${own[clash[0]]}" there. Make the metadata again with "createrepo_c".`,
    })
  }
  return Object.fromEntries(foreign.filter(([name]) => !(name in own)))
}

function indexedPackage(element: XmlElement, where: string): IndexedPackage {
  const part = (name: string) => element.parts.get(name)
  const name = part('name')?.text.trim() ?? ''
  const architecture = part('arch')?.text.trim() ?? ''
  const place = `The package "${name}" in ${where}`
  const { epoch = '0', ver, rel } = part('version')?.attributes ?? {}
  const checksum = part('checksum')
  const { href, 'xml:base': base } = part('location')?.attributes ?? {}
  const packageId = checksum?.text.trim() ?? ''
  const sizeBytes = Number(part('size')?.attributes['package'] ?? Number.NaN)
  if (name === '' || architecture === '' || ver === undefined || rel === undefined) {
    throw incomplete(place, 'name, version or architecture')
  }
  if (!/^[0-9a-f]{32,128}$/i.test(packageId)) throw incomplete(place, 'checksum')
  if (href === undefined) throw incomplete(place, 'location')
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw incomplete(place, 'size')
  const location = pathOfLocation(href, base, place)
  return {
    name,
    version: evrText(epoch, ver, rel),
    architecture,
    ...location,
    sizeBytes,
    sha256: sha256Of(checksum?.attributes['type'] ?? '', packageId),
    packageId,
  }
}

/** `epoch:version-release`; an epoch of 0 is left out, as dnf and rpm print it. */
export function evrText(epoch: string | number, version: string, release: string): string {
  return `${epoch === '' || Number(epoch) === 0 ? '' : `${epoch}:`}${version}-${release}`
}

/** Another algorithm than SHA-256 keeps its name, so that it can never be taken for a SHA-256. */
function sha256Of(type: string, value: string): string {
  return type === 'sha256' ? value.toLowerCase() : `${type}:${value.toLowerCase()}`
}

function incomplete(place: string, part: string): UserError {
  return new UserError('DNF_PACKAGE_INCOMPLETE', `${place} has no usable ${part}.`, {
    hint: 'Make the metadata again with the tool that wrote it, then publish again.',
  })
}
