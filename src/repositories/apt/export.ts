import { compressionKinds } from '../../archive/compression.ts'
import { artifactKinds } from '../../artifacts/artifact.ts'
import type { Storage } from '../../storage/storage.ts'
import type { PackageEntry, ReadOptions, RepositoryEntry } from '../repository-format.ts'
import { contentsOwner, encodedOwner, parseContentsLine } from './contents-index.ts'
import { identityOf, poolPath } from './deb-facts.ts'
import { decoded, encoded, type Field, parseFields } from './deb822.ts'
import { type AptLayout, formName, ownContents, packagesIndexParts, suiteContents } from './layout.ts'
import { openIndex } from './open-index.ts'
import type { AptAddition } from './prepare.ts'
import type { AptEntry } from './read-entry.ts'

interface Source {
  readonly storage: Storage
  readonly entry: RepositoryEntry<AptEntry>
}

/**
 * Packages of the component that `source` was read as, as additions to another repository: their paragraphs as they are
 * but for the place of the file, which is that of `layout`.
 */
export async function* exportAdditions(
  source: Source,
  wanted: (entry: PackageEntry) => boolean,
  layout: AptLayout,
  options: ReadOptions,
): AsyncGenerator<AptAddition> {
  const { component, isFlat } = source.entry.own.layout
  const chosen = new Set<string>()
  const contents = new ContentsReader(source, options)
  for (const index of source.entry.indexes.keys()) {
    const parts = packagesIndexParts(index)
    const isOfComponent = isFlat ? index === 'Packages' : parts?.component === component
    if (!isOfComponent) continue
    const { fragments } = await openIndex(source.storage, source.entry, index, options)
    for await (const { bytes, entry } of fragments) {
      if (entry === undefined || !wanted(entry)) continue
      // Packages for all architectures are in the index of each.
      const key = [entry.name, entry.version, entry.architecture, entry.sha256].join('\n')
      if (chosen.has(key)) continue
      chosen.add(key)
      const stanza = Buffer.from(bytes).toString('latin1')
      yield additionOf(entry, stanza, layout, { source, contents, architecture: parts?.architecture })
    }
  }
}

interface Origin {
  readonly source: Source
  readonly contents: ContentsReader
  /** Of the index that listed it. */
  readonly architecture: string | undefined
}

function additionOf(
  entry: PackageEntry,
  stanza: string,
  layout: AptLayout,
  { source, contents, architecture: listedFor }: Origin,
): AptAddition {
  const fields = parseFields(stanza.trimEnd()) ?? []
  const path = poolPath(
    identityOf(entry.name, (name) => fieldOf(fields, name)),
    layout.component,
  )
  const { name, version, architecture, sizeBytes, sha256 } = entry
  const owner = contentsOwner(name, fieldOf(fields, 'Section') || undefined)
  contents.choose(owner)
  return {
    entry: { name, version, architecture, path, sizeBytes, sha256 },
    content: {
      body: { storage: source.storage, path: entry.path },
      contentType: artifactKinds.deb.mediaType,
    },
    facts: {
      stanza: Buffer.from(withFilename(stanza, path), 'latin1'),
      owner,
      contents: () => contents.linesOf(owner, listedFor),
    },
  }
}

const fieldOf = (fields: readonly Field[], name: string): string =>
  decoded(fields.find((field) => field.name.toLowerCase() === name.toLowerCase())?.value ?? '')

function withFilename(stanza: string, path: string): string {
  const moved = stanza.replace(
    /^(Filename:[ \t]*)[^\r\n]*/im,
    (_, label: string) => `${label}${encoded(path)}`,
  )
  if (moved === stanza && !stanza.includes(encoded(path))) throw new Error('A paragraph without Filename')
  return moved
}

/** The lines of chosen packages in the Contents of the source, read once for each architecture and only when asked for. */
class ContentsReader {
  readonly #source: Source
  readonly #options: ReadOptions
  readonly #owners = new Set<string>()
  readonly #read = new Map<string, Promise<ReadonlyMap<string, string>>>()

  constructor(source: Source, options: ReadOptions) {
    this.#source = source
    this.#options = options
  }

  /** To be called before the first lines are asked for. */
  choose(owner: string): void {
    this.#owners.add(encodedOwner(owner))
    this.#read.clear()
  }

  async linesOf(owner: string, architecture: string | undefined): Promise<Uint8Array> {
    if (architecture === undefined) return new Uint8Array(0)
    let reading = this.#read.get(architecture)
    if (reading === undefined) {
      reading = this.#linesOfChosen(architecture)
      this.#read.set(architecture, reading)
    }
    return Buffer.from((await reading).get(encodedOwner(owner)) ?? '', 'latin1')
  }

  async #linesOfChosen(architecture: string): Promise<ReadonlyMap<string, string>> {
    const { storage, entry } = this.#source
    const lines = new Map<string, string>()
    const { files } = entry.own.release
    const candidates = [ownContents(entry.own.layout.component, architecture), suiteContents(architecture)]
    const index = candidates.find((name) => compressionKinds.some((form) => files.has(formName(name, form))))
    if (index === undefined) return lines
    const { fragments } = await openIndex(storage, entry, index, this.#options)
    for await (const { bytes } of fragments) {
      const { path, owners } = parseContentsLine(bytes)
      for (const owner of owners) {
        if (this.#owners.has(owner)) lines.set(owner, `${lines.get(owner) ?? ''}${path} ${owner}\n`)
      }
    }
    return lines
  }
}
