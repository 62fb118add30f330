import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { UserError } from '../../errors.ts'

export interface CheckedKey {
  /** Such as "ecdsa-p256" or "rsa3072". */
  readonly algorithm: string
  readonly publicKeyPem: string
  /** Base64 of the SHA-256 of the public key's DER. */
  readonly keyId: string
}

const hint =
  'Use ECDSA P-256, which every verifier reads ("hawser key new NAME"), or RSA with 2048, 3072 or 4096 bits.'

/** Only what cosign, Kyverno and sigstore's libraries verify in the same way is good for signing. */
export function checkKey(key: KeyObject): CheckedKey {
  const algorithm = algorithmOf(key)
  const spki = createPublicKey(key)
  const der = spki.export({ format: 'der', type: 'spki' })
  return {
    algorithm,
    publicKeyPem: spki.export({ format: 'pem', type: 'spki' }).toString(),
    keyId: createHash('sha256').update(der).digest('base64'),
  }
}

function algorithmOf(key: KeyObject): string {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = key
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ecdsa-p256'
  if (type === 'ec') throw refused(`an EC key on the curve ${details?.namedCurve ?? 'unknown'}`)
  if (type === 'rsa') return rsaOf(details?.modulusLength ?? 0)
  if (type === 'ed25519') {
    // cosign signs and verifies Ed25519ph, others plain Ed25519: no signature suits both.
    throw refused('an Ed25519 key, which cosign and others verify in different ways')
  }
  throw refused(`a key of the kind "${type}"`)
}

function rsaOf(bits: number): string {
  if ([2048, 3072, 4096].includes(bits)) return `rsa${bits}`
  throw refused(`an RSA key with ${bits} bits`)
}

function refused(what: string): UserError {
  return new UserError('KEY_ALGORITHM', `The signing key is ${what}.`, { hint })
}
