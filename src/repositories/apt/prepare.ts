import { artifactKinds } from '../../artifacts/artifact.ts'
import type { Addition, IndexName, PackageEntry, PackageInput } from '../repository-format.ts'
import { clientsOf, refuseUnreadableDeb } from './client-checks.ts'
import { contentsLines, contentsOwner } from './contents-index.ts'
import { poolPath, readFacts, readFiles } from './deb-facts.ts'
import { type AptLayout, packagesIndex } from './layout.ts'
import { isIndexed } from './release-fields.ts'
import { renderStanza } from './stanza.ts'

/** What an index gets for a package. */
export interface AptFacts {
  /** Its paragraph in Packages, with one empty line behind it. */
  readonly stanza: Uint8Array
  /** How Contents names it. */
  readonly owner: string
  /** Its lines in Contents. Read when they are needed, since all of the package has to be unpacked for them. */
  contents(): Promise<Uint8Array>
}

export type AptAddition = Addition<AptFacts>

export async function prepare(input: PackageInput, layout: AptLayout): Promise<AptAddition> {
  const facts = await readFacts(input)
  refuseUnreadableDeb(clientsOf(layout.clients), facts)
  const { name, version, architecture, section, sizeBytes, digests } = facts
  const path = poolPath(facts, layout.component)
  const entry = { name, version, architecture, path, sizeBytes, sha256: digests.sha256 }
  const owner = contentsOwner(name, section)
  let lines: Promise<Uint8Array> | undefined
  return {
    entry: withIndexes(entry, layout),
    content: { body: { file: input.file, sizeBytes }, contentType: artifactKinds.deb.mediaType },
    facts: {
      stanza: Buffer.from(`${renderStanza(facts, path)}\n\n`, 'latin1'),
      owner,
      contents: () => {
        lines ??= readFiles(input).then((files) => contentsLines(owner, files))
        return lines
      },
    },
  }
}

/**
 * With the indexes that must list it. Which indexes an "all" package belongs to depends on the repository's
 * architectures; of those, only the declared ones are known here.
 */
export function withIndexes(entry: PackageEntry, layout: AptLayout): PackageEntry {
  const listedIn = indexesOf(entry.architecture, layout)
  return listedIn === undefined ? entry : { ...entry, listedIn }
}

function indexesOf(architecture: string, layout: AptLayout): readonly IndexName[] | undefined {
  if (architecture !== 'all' || layout.isFlat) return [packagesIndex(layout, architecture)]
  return layout.architectures?.filter(isIndexed).map((declared) => packagesIndex(layout, declared))
}
