import type { Key, Subkey } from 'openpgp'

/** Clients in the order in which people ask about them; all measured. */
const clients = [
  'rpm 4.16 (Debian 11)',
  'rpm 4.18 (Debian 12)',
  'rpm 4.20',
  'rpm 6.1',
  'apt 2.2 to 2.6 (gpgv)',
  'apt 3 (sqv)',
  'dnf repository metadata (gpgme)',
] as const

const refusedBy = {
  rsa: [],
  ed25519: [0],
  'NIST curve': [0, 1],
  'Ed25519 (algorithm 27)': [0, 1, 4, 6],
  'OpenPGP v6': [0, 1, 2, 4, 6],
  Ed448: [0, 1, 4, 6],
  other: [0, 1, 2, 3, 4, 5, 6],
} as const satisfies Record<string, readonly number[]>

export type KeyKind = keyof typeof refusedBy

export const keyKinds: readonly KeyKind[] = [
  'rsa',
  'ed25519',
  'NIST curve',
  'Ed25519 (algorithm 27)',
  'OpenPGP v6',
  'Ed448',
  'other',
]

/** Kinds that Hawser signs with; the others would publish what common clients cannot verify. */
const signingKinds: ReadonlySet<KeyKind> = new Set(['rsa', 'ed25519'])

export interface Compatibility {
  readonly canSign: boolean
  readonly acceptedBy: readonly string[]
  readonly refusedBy: readonly string[]
}

/** Which clients can verify signatures of a kind of key. */
export function describeCompatibility(kind: KeyKind): Compatibility {
  const refused: readonly number[] = refusedBy[kind]
  return {
    canSign: signingKinds.has(kind),
    acceptedBy: clients.filter((_client, index) => !refused.includes(index)),
    refusedBy: clients.filter((_client, index) => refused.includes(index)),
  }
}

export interface KeyAlgorithm {
  readonly kind: KeyKind
  /** Such as "rsa4096" or "ed25519". */
  readonly name: string
  readonly bits: number | undefined
}

export function algorithmOf(key: Key | Subkey): KeyAlgorithm {
  const { algorithm, bits, curve } = key.getAlgorithmInfo()
  const name = curve ?? (bits === undefined ? algorithm : `${algorithm}${bits}`)
  // 4 is the only version before 6 that openpgp.js reads here; version 3 keys fail to parse.
  if (key.keyPacket.version !== 4) return { kind: 'OpenPGP v6', name, bits }
  if (algorithm === 'rsaEncryptSign' || algorithm === 'rsaSign')
    return { kind: 'rsa', name: `rsa${bits}`, bits }
  if (algorithm === 'eddsaLegacy') return { kind: 'ed25519', name: 'ed25519', bits: undefined }
  if (algorithm === 'ed25519') return { kind: 'Ed25519 (algorithm 27)', name, bits }
  if (algorithm === 'ed448') return { kind: 'Ed448', name, bits }
  if (algorithm === 'ecdsa' && curve?.startsWith('nist') === true) return { kind: 'NIST curve', name, bits }
  return { kind: 'other', name, bits }
}
