import type { CompressionKind } from '../../archive/compression.ts'
import { type RpmClientName, rpmClients } from '../../clients/rpm-clients.ts'
import type { KeyKind } from '../../clients/verifiers.ts'
import { UserError } from '../../errors.ts'
import type { RpmFile } from '../../packages/rpm/read.ts'
import { signaturesOf as rpmSignaturesOf } from '../../packages/rpm/signature-info.ts'
import {
  compressionFinding,
  keyComplaint,
  namedClients,
  type OptionFinding,
  titlesOf,
  withoutThem,
} from '../clients.ts'

export interface ClientOptions {
  readonly clients: readonly RpmClientName[]
  readonly compression: 'gzip' | 'zstd'
}

export const clientsOf = (names: readonly RpmClientName[]) => namedClients(rpmClients, names)

export type RpmClients = ReturnType<typeof clientsOf>

/** Choices that a named client could not live with. */
export function optionFindings({ clients, compression }: ClientOptions): readonly OptionFinding[] {
  const unable = clientsOf(clients).filter(
    ({ indexes }) => !(indexes.value as readonly string[]).includes(compression),
  )
  if (unable.length === 0) return []
  return [
    {
      path: ['compression'],
      code: 'CLIENT_INDEX_COMPRESSION',
      message: `${titlesOf(unable)} cannot read metadata that is compressed with ${compression}.`,
      hint: `Choose "compression: gzip", which all of them read, or ${withoutThem(unable)}.`,
    },
  ]
}

/** What decides whether an rpm can be installed. */
export interface RpmReadability {
  readonly name: string
  readonly version: string
  readonly compression: CompressionKind | undefined
  readonly signatures: readonly RpmSignature[]
}

export interface RpmSignature {
  readonly covers: 'header' | 'header and payload'
  /** Undefined: a kind that the table does not have. */
  readonly kind: KeyKind | undefined
  /** RFC 9580, 9.5: `SHA-256`; undefined: one that the table does not have. */
  readonly digest: string | undefined
}

/** What a package says of its signatures, in the words of the table of clients. */
export const signaturesOf = (signature: RpmFile['signature']): readonly RpmSignature[] =>
  rpmSignaturesOf(signature).map(({ covers, version, keyAlgorithm, digestAlgorithm }) => ({
    covers,
    kind: version === 6 ? 'OpenPGP v6' : keyKindOf[keyAlgorithm],
    digest: digestOf[digestAlgorithm],
  }))

/** RFC 9580, 9.1. */
const keyKindOf: { readonly [algorithm: number]: KeyKind | undefined } = {
  1: 'rsa',
  3: 'rsa',
  19: 'NIST curve',
  22: 'ed25519',
  27: 'Ed25519 (algorithm 27)',
  28: 'Ed448',
}

/** RFC 9580, 9.5; only those that somebody refuses, and the usual ones. */
const digestOf: { readonly [algorithm: number]: string | undefined } = {
  1: 'MD5',
  2: 'SHA-1',
  8: 'SHA-256',
  9: 'SHA-384',
  10: 'SHA-512',
}

/** Throws when a named client could not install the package; `isChecked`: clients look at signatures of packages. */
export function refuseUnreadableRpm(clients: RpmClients, rpm: RpmReadability, isChecked: boolean): void {
  if (clients.length === 0) return
  const { compression } = rpm
  const finding = compression === undefined ? undefined : compressionFinding(clients, compression)
  if (finding !== undefined) throw refused(rpm, finding)
  if (!isChecked) return
  for (const check of [oldDigest, unknownKey, noPayloadSignature]) {
    const found = check(clients, rpm)
    if (found !== undefined) throw refused(rpm, found)
  }
}

type Found = Pick<OptionFinding, 'code' | 'message' | 'hint'>

const refused = ({ name, version }: RpmReadability, { code, message, hint }: Found): UserError =>
  new UserError(code, `The package "${name}" ${version}: ${message}`, { hint })

/** Tools that only list packages install nothing. */
const installers = (clients: RpmClients): RpmClients =>
  clients.filter(({ packages }) => packages !== undefined)

function oldDigest(clients: RpmClients, { signatures }: RpmReadability): Found | undefined {
  const isOld = signatures.length > 0 && signatures.every(({ digest }) => weakDigests.has(digest ?? ''))
  const unable = isOld ? installers(clients).filter(({ sha1 }) => !sha1.value) : []
  if (unable.length === 0) return undefined
  return {
    code: 'CLIENT_PACKAGE_SHA1',
    message: `${titlesOf(unable)} would refuse its signature, which uses ${signatures[0]?.digest}.`,
    hint: `Sign it again with SHA-256: rpmsign --addsign, or "sign" when Hawser builds it. Or ${withoutThem(unable)}.`,
  }
}

const weakDigests: ReadonlySet<string> = new Set(['MD5', 'SHA-1'])

function unknownKey(clients: RpmClients, { signatures }: RpmReadability): Found | undefined {
  if (signatures.length === 0) return undefined
  for (const client of installers(clients)) {
    // How long the key is stands in the key, not in the signature.
    const complaints = signatures.map(({ kind }) =>
      kind === undefined
        ? undefined
        : keyComplaint(client, { kind, algorithm: kind, bits: Number.POSITIVE_INFINITY }),
    )
    const [first] = complaints
    if (first === undefined || complaints.includes(undefined)) continue
    return {
      code: 'CLIENT_PACKAGE_KEY',
      message: `${client.title} cannot install it: ${first}.`,
      hint: `Sign it with an RSA key of 4096 bits, or ${withoutThem([client])}.`,
    }
  }
  return undefined
}

function noPayloadSignature(clients: RpmClients, { signatures }: RpmReadability): Found | undefined {
  const unable = installers(clients).filter(({ payloadSignature }) => payloadSignature.value)
  const hasIt = signatures.some(({ covers }) => covers === 'header and payload')
  if (signatures.length === 0 || hasIt || unable.length === 0) return undefined
  return {
    code: 'CLIENT_PACKAGE_SIGNATURE',
    message: `${titlesOf(unable)} wants a signature over header and payload, and it has one over the header alone.`,
    hint: `Sign it with "rpmsign --addsign --rpmv3" in rpm 4, or ${withoutThem(unable)}.`,
  }
}
