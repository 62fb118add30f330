import type { Key, Subkey } from 'openpgp'
import { accepts, type KeyKind, type VerifierName, verifiers } from '../../clients/verifiers.ts'

/** Kinds that Hawser signs with; the others would publish what common clients cannot verify. */
const signingKinds: ReadonlySet<KeyKind> = new Set(['rsa', 'ed25519'])

export interface Compatibility {
  readonly canSign: boolean
  readonly acceptedBy: readonly string[]
  readonly refusedBy: readonly string[]
}

/** Only those that were really asked: what is said about them is worth a warning. */
const measured = (Object.keys(verifiers) as VerifierName[]) // exactly its keys
  .filter((name) => verifiers[name].keys.evidence === 'run')

/** Which clients can verify signatures of a kind of key. */
export function describeCompatibility(kind: KeyKind): Compatibility {
  const titles = (isAccepted: boolean) =>
    measured.filter((name) => accepts(name, kind) === isAccepted).map((name) => verifiers[name].title)
  return { canSign: signingKinds.has(kind), acceptedBy: titles(true), refusedBy: titles(false) }
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
