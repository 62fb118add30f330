import { artifactKinds } from '../../artifacts/artifact.ts'
import type { Addition, PackageInput } from '../repository-format.ts'
import { clientsOf, refuseUnreadableDeb } from './client-checks.ts'
import { contentsLines, contentsOwner } from './contents-index.ts'
import { poolPath, readFacts, readFiles } from './deb-facts.ts'
import type { AptLayout } from './layout.ts'
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
    entry,
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
