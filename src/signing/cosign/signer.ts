import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { UserError } from '../../errors.ts'
import type { ArtifactSigner } from '../artifact-signer.ts'
import { preAuthenticationEncoding } from '../dsse.ts'
import { dsseBundle, messageBundle } from '../keyed-bundle.ts'
import { simpleSigningAnnotations } from '../simple-signing.ts'
import { checkKey } from './check-key.ts'
import { signEcdsaP256 } from './ecdsa.ts'
import { readPrivateKey } from './read-key.ts'

export interface CosignKey {
  /** `cosign.key`, PEM of openssl, or either in base64. */
  readonly key: string | Uint8Array
  readonly password?: string | undefined
}

/** Reads, unlocks, checks and tries a key; whatever is wrong with it is told here, before anything is signed. */
export async function cosignSigner({ key: written, password }: CosignKey): Promise<ArtifactSigner> {
  const key = await readPrivateKey(written, password)
  const { algorithm, publicKeyPem, keyId } = checkKey(key)
  const signBytes = (data: Uint8Array): Uint8Array =>
    algorithm === 'ecdsa-p256' ? signEcdsaP256(key, data) : sign('sha256', data, key)
  tryOut(key, signBytes)
  return {
    kind: 'key',
    title: `${algorithm} key ${keyId}`,
    publicKeyPem,
    keyId,
    deterministic: true,
    signSimple: async (payload) => {
      const signature = signBytes(payload)
      const text = Buffer.from(signature).toString('base64')
      return { signature, annotations: { [simpleSigningAnnotations.signature]: text } }
    },
    signDsse: async (payload, payloadType) => {
      const signature = signBytes(preAuthenticationEncoding(payloadType, payload))
      return dsseBundle({ keyId }, { payload, payloadType, signature })
    },
    signMessage: async (data) => messageBundle({ keyId }, data, signBytes(data)),
  }
}

/** A file whose public part belongs to another key makes signatures that nobody can verify: find out now. */
function tryOut(key: KeyObject, signBytes: (data: Uint8Array) => Uint8Array): void {
  const data = Buffer.from('Hawser tries the key.\n')
  if (verify('sha256', data, createPublicKey(key), signBytes(data))) return
  throw new UserError('KEY_DAMAGED', "The signing key's secret part does not fit its public part.", {
    hint: 'Copy the key again from where it was made.',
  })
}
