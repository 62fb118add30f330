import type { Bundle } from '@sigstore/bundle'
import { UserError } from '../../errors.ts'
import type { SignedBy } from './artifact-verifier.ts'
import type { TrustedKey } from './public-key.ts'

/**
 * Proves bundles by keys that the reader holds. A key needs neither log nor time stamp, so none is looked at: without
 * the keys of the logs they would prove nothing.
 */
export async function verifyByKeys(
  keys: readonly TrustedKey[],
): Promise<(bundle: Bundle, data?: Uint8Array) => Promise<SignedBy>> {
  if (keys.length === 0) {
    throw new UserError('PUBLIC_KEY_MISSING', 'Signatures cannot be checked: no public key is given.', {
      hint: 'Name the public keys that you trust, such as cosign.pub.',
    })
  }
  return async (bundle, data) => {
    const { content } = bundle.verificationMaterial
    if (content.$case !== 'publicKey') throw byOther('was made with a certificate, not with a key')
    for (const { key, keyId } of keys) {
      if (await isSignedBy(key, bundle, data)) return { kind: 'key', keyId }
    }
    const { hint } = content.publicKey
    if (keys.some(({ keyId }) => keyId === hint)) throw wrong(hint)
    throw byOther(hint === '' ? 'fits none of the keys' : `says that it is of the key ${hint}, and fits none`)
  }
}

async function isSignedBy(
  key: TrustedKey['key'],
  bundle: Bundle,
  data: Uint8Array | undefined,
): Promise<boolean> {
  const { toSignedEntity, VerificationError, Verifier } = await import('@sigstore/verify')
  const verifier = new Verifier(
    {
      certificateAuthorities: [],
      timestampAuthorities: [],
      tlogs: [],
      ctlogs: [],
      publicKey: () => ({ publicKey: key, validFor: () => true }),
    },
    { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 },
  )
  const { verificationMaterial } = bundle
  const bare: Bundle = {
    ...bundle,
    verificationMaterial: { ...verificationMaterial, tlogEntries: [], timestampVerificationData: undefined },
  }
  try {
    verifier.verify(toSignedEntity(bare, data === undefined ? undefined : Buffer.from(data)))
    return true
  } catch (error) {
    if (error instanceof VerificationError) return false
    throw error
  }
}

function wrong(keyId: string): UserError {
  return new UserError('SIGNATURE_WRONG', `The signature names the key ${keyId}, and does not fit it.`, {
    hint: 'What was signed, or the signature, was changed afterwards.',
  })
}

function byOther(what: string): UserError {
  return new UserError('SIGNATURE_UNKNOWN_SIGNER', `The signature ${what}.`, {
    hint: 'Whoever made it is not trusted here, or it was changed afterwards.',
  })
}
