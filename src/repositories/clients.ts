import type { CompressionKind } from '../archive/compression.ts'
import type { Client } from '../clients/client.ts'
import { accepts, type KeyKind } from '../clients/verifiers.ts'
import { UserError } from '../errors.ts'
import type { Signer } from '../signing/signer.ts'

/** A client that the option `clients` of a repository names. */
export interface NamedClient extends Client {
  readonly name: string
}

/** What is wrong with an option of a repository, or with what it would hold. */
export interface OptionFinding {
  /** Below the options of the repository: `['compressions', 0]`. */
  readonly path: readonly (string | number)[]
  readonly code: string
  readonly message: string
  readonly hint: string
}

export function namedClients<Kind extends Client, Name extends string>(
  table: { readonly [name in Name]: Kind },
  names: readonly Name[],
): readonly (Kind & NamedClient)[] {
  return [...new Set(names)].map((name) => ({ ...table[name], name }))
}

/** `take "el7" and "el8" out of "clients"`, for hints. */
export const withoutThem = (clients: readonly NamedClient[]): string =>
  `take ${list(clients.map(({ name }) => JSON.stringify(name)))} out of "clients"`

/** For people: `EL 7 (yum 3.4, rpm 4.11) and createrepo_c 0.17`. */
export const titlesOf = (clients: readonly NamedClient[]): string => list(clients.map(({ title }) => title))

const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

export const cannotOpen = (
  clients: readonly NamedClient[],
  compression: CompressionKind,
): readonly NamedClient[] =>
  clients.filter(({ packages }) => packages !== undefined && !packages.value.includes(compression))

/** In the order in which we would advise them. */
const advisable = ['xz', 'gzip', 'none'] as const satisfies readonly CompressionKind[]

/** What stops packages with this compression from being installed; undefined when nothing does. */
export function compressionFinding(
  clients: readonly NamedClient[],
  compression: CompressionKind,
): Omit<OptionFinding, 'path'> | undefined {
  const unable = cannotOpen(clients, compression)
  if (unable.length === 0) return undefined
  const better = advisable.find((kind) => cannotOpen(clients, kind).length === 0)
  return {
    code: 'CLIENT_PACKAGE_COMPRESSION',
    message: `${titlesOf(unable)} cannot install packages that are compressed with ${compression}.`,
    hint: `Build them with "compression: ${better}", or ${withoutThem(unable)}.`,
  }
}

/** What each client says of a key: it has nothing to check signatures of its kind with, or wants a longer one. */
export function keyComplaint(
  { verifiers: used, rsaBitsMin }: NamedClient,
  {
    kind,
    bits,
    algorithm,
  }: { readonly kind: KeyKind; readonly bits?: number | undefined; readonly algorithm: string },
): string | undefined {
  const unable = used.value.find((verifier) => !accepts(verifier, kind))
  if (unable !== undefined) return `${unable} cannot verify ${algorithm} signatures`
  if (kind === 'rsa' && (bits ?? 0) < rsaBitsMin.value) return `it wants RSA keys of ${rsaBitsMin.value} bits`
  return undefined
}

/** Throws when a key signs what a named client must read and could not verify. Every key counts: clients import all of them. */
export function refuseUnreadableKeys(
  repository: string,
  clients: readonly NamedClient[],
  signers: readonly Pick<Signer, 'fingerprint' | 'algorithm' | 'kind' | 'bits'>[],
): void {
  for (const signer of signers) {
    const complaints = clients.flatMap((client) => {
      const complaint = keyComplaint(client, signer)
      return complaint === undefined ? [] : [{ client, complaint }]
    })
    const [first] = complaints
    if (first === undefined) continue
    const { client, complaint } = first
    throw new UserError(
      'CLIENT_KEY',
      `The key ${signer.fingerprint} (${signer.algorithm}) cannot sign "${repository}", which is for ${client.title}: ${complaint}.`,
      {
        hint: `Sign with an RSA key of 4096 bits ("hawser key new" makes one), or ${withoutThem(complaints.map((one) => one.client))}.`,
      },
    )
  }
}
