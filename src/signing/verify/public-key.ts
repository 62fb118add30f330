import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { UserError } from '../../errors.ts'

export interface TrustedKey {
  readonly key: KeyObject
  /** Base64 of the SHA-256 of its DER: the hint in bundles. */
  readonly keyId: string
}

const hint = 'It must be PEM with "BEGIN PUBLIC KEY", as cosign.pub is: ECDSA P-256, RSA or Ed25519.'
const types = new Set(['ec', 'rsa', 'ed25519'])

/** Reads every public key of a PEM text; a file may hold several, such as the old key and the new. */
export function readPublicKeys(pem: string): readonly TrustedKey[] {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g) ?? []
  if (blocks.length > 0) return blocks.map(readPublicKey)
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(pem)?.[1]
  const found = label === undefined ? 'it has no PEM lines' : `its first line says "${label}"`
  throw new UserError('PUBLIC_KEY_UNREADABLE', `The public key cannot be read: ${found}.`, { hint })
}

function readPublicKey(pem: string): TrustedKey {
  const key = parsed(pem)
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = key
  const curve = details?.namedCurve
  const weak = type === 'rsa' && (details?.modulusLength ?? 0) < 2048
  if (!types.has(type) || weak || (type === 'ec' && curve !== 'prime256v1')) {
    const what = [type, curve ?? details?.modulusLength].filter((part) => part !== undefined).join(' ')
    throw new UserError(
      'PUBLIC_KEY_ALGORITHM',
      `The public key is of a kind that is not accepted: ${what}.`,
      {
        hint,
      },
    )
  }
  const der = key.export({ format: 'der', type: 'spki' })
  return { key, keyId: createHash('sha256').update(der).digest('base64') }
}

function parsed(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch (cause) {
    throw new UserError('PUBLIC_KEY_UNREADABLE', 'The public key cannot be read: it is damaged.', {
      hint,
      cause,
    })
  }
}
