import { type DebianClientName, debianClients } from '../../clients/debian-clients.ts'
import { UserError } from '../../errors.ts'
import {
  compressionFinding,
  type NamedClient,
  namedClients,
  type OptionFinding,
  titlesOf,
  withoutThem,
} from '../clients.ts'

export interface ClientOptions {
  readonly clients: readonly DebianClientName[]
  /** Beside gzip. */
  readonly compressions: readonly ('xz' | 'zstd')[]
  readonly usualNames: boolean
}

export const clientsOf = (names: readonly DebianClientName[]) => namedClients(debianClients, names)

/** Choices that a named client could not live with. Every one of them reads gzip, which is always written. */
export function optionFindings({
  clients,
  compressions,
  usualNames,
}: ClientOptions): readonly OptionFinding[] {
  const named = clientsOf(clients)
  return [...uselessForms(named, compressions), ...missingNames(named, usualNames)]
}

/** A form beside gzip breaks nobody, but one that no named client reads is written for nobody. */
function uselessForms(
  clients: readonly NamedClient[],
  compressions: ClientOptions['compressions'],
): readonly OptionFinding[] {
  if (clients.length === 0) return []
  return compressions.flatMap((form, index) => {
    if (clients.some(({ indexes }) => indexes.value.includes(form))) return []
    return [
      {
        path: ['compressions', index],
        code: 'CLIENT_INDEX_COMPRESSION',
        message: `${titlesOf(clients)} cannot read indexes that are compressed with ${form}.`,
        hint: `Leave "${form}" out: gzip is always written. Or name a client that reads it in "clients".`,
      },
    ]
  })
}

function missingNames(clients: ReturnType<typeof clientsOf>, usualNames: boolean): readonly OptionFinding[] {
  const unable = clients.filter(({ byHash }) => !byHash.value)
  if (usualNames || unable.length === 0) return []
  return [
    {
      path: ['usualNames'],
      code: 'CLIENT_USUAL_NAMES',
      message: `${titlesOf(unable)} cannot find indexes by their hash.`,
      hint: `Set "usualNames: true", or ${withoutThem(unable)}.`,
    },
  ]
}

/** Throws when a named client could not install the package. */
export function refuseUnreadableDeb(
  clients: readonly NamedClient[],
  deb: { readonly name: string; readonly version: string; readonly compressions: readonly DebCompression[] },
): void {
  for (const compression of deb.compressions) {
    const finding = compressionFinding(clients, compression)
    if (finding === undefined) continue
    throw new UserError(finding.code, `The package "${deb.name}" ${deb.version}: ${finding.message}`, finding)
  }
}

type DebCompression = Parameters<typeof compressionFinding>[1]
