import { UserError } from '../errors.ts'
import { openpgpVerifier } from '../signing/openpgp/verifier.ts'
import type { PortContext } from './choice.ts'
import { openAcceptedKeys } from './keys.ts'

/** A detached signature of somebody else, by keys that are named; the fingerprint of the one that signed. */
export async function verifySignature(
  data: Uint8Array,
  signature: Uint8Array,
  signedBy: readonly string[],
  context: PortContext,
): Promise<string> {
  const keys = await openAcceptedKeys(signedBy, context)
  // Without a date: what was signed while the key was valid stays signed, as old versions are.
  const verifier = await openpgpVerifier(keys.map(({ publicKeyBinary }) => publicKeyBinary))
  try {
    return await verifier.verifyDetached(data, signature)
  } catch (error) {
    // The tool's hint is for who signs; here it is somebody else's file.
    if (error instanceof UserError && error.code === 'SIGNATURE_INVALID') throw changed(error)
    throw error
  }
}

const changed = (cause: UserError): UserError =>
  new UserError(cause.code, cause.message, {
    hint: 'What was downloaded is not what was signed: do not use it, and ask its publisher.',
    cause,
  })
