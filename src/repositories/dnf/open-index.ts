import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Fragment, OpenIndex, ReadOptions, RepositoryEntry } from '../repository-format.ts'
import { documentShapes, footerOf, headerOf, type IndexKind, isIndexKind } from './index-shapes.ts'
import { type ListedPackage, listedPackage } from './listed-package.ts'
import type { DnfEntry } from './read-entry.ts'
import { openDocument } from './read-index.ts'
import type { XmlElement, XmlStream } from './xml-elements.ts'

/** A package's part of an index. */
export interface DnfFragment extends Fragment {
  /** Checksum of the package, which ties the three indexes together. */
  readonly packageId: string
  readonly entry?: ListedPackage | undefined
}

export interface OpenDnfIndex extends OpenIndex {
  readonly fragments: AsyncIterable<DnfFragment>
}

/** An index as it stands; `form` is how it is written from now on. */
export async function openDnfIndex(
  storage: Storage,
  { own }: RepositoryEntry<DnfEntry>,
  index: string,
  form: 'gzip' | 'zstd',
  { signal }: ReadOptions,
): Promise<OpenDnfIndex> {
  const record = isIndexKind(index) ? own.records[index] : undefined
  if (!isIndexKind(index) || record === undefined) throw new Error(`The repository has no index "${index}"`)
  const document = await openDocument(storage, index, record, signal)
  return {
    shape: {
      header: headerOf(index, foreignAttributes(index, document)),
      footer: footerOf(index),
      forms: [form],
      algorithms: ['sha256'],
    },
    fragments: fragmentsOf(index, document.elements, record.path),
  }
}

async function* fragmentsOf(
  kind: IndexKind,
  elements: AsyncIterable<XmlElement>,
  where: string,
): AsyncGenerator<DnfFragment> {
  for await (const element of elements) {
    const bytes = Buffer.from(`${element.raw}\n`)
    if (kind !== 'primary') {
      yield { bytes, packageId: element.attributes['pkgid'] ?? '' }
      continue
    }
    const entry = listedPackage(element, where)
    yield { bytes, packageId: entry.packageId, entry }
  }
}

/** Namespaces beyond the usual ones, that foreign fragments may need. */
function foreignAttributes(
  kind: IndexKind,
  { rootAttributes }: Pick<XmlStream, 'rootAttributes'>,
): Record<string, string> {
  const own: Readonly<Record<string, string>> = documentShapes[kind].namespaces
  const foreign = Object.entries(rootAttributes).filter(([name]) => name !== 'packages')
  const clash = foreign.find(([name, value]) => name in own && own[name] !== value)
  if (clash !== undefined) {
    throw new UserError('DNF_NAMESPACE_CLASH', `The "${kind}" index declares ${clash[0]}="${clash[1]}".`, {
      hint: `Every client and tool expects "${own[clash[0]]}" there. Make the metadata again with "createrepo_c".`,
    })
  }
  return Object.fromEntries(foreign.filter(([name]) => !(name in own)))
}
