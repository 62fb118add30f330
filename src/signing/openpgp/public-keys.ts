import { UserError } from '../../errors.ts'
import type { PublicKey } from '../signer.ts'
import { fingerprintOf, readPublicKeys } from './read-key.ts'
import { settings } from './settings.ts'

/** The keys of a keyring: armored, binary, or either in base64. Of private keys only the public part is taken. */
export async function openPublicKeys(written: string | Uint8Array): Promise<readonly PublicKey[]> {
  const keys = await readPublicKeys(written)
  if (keys.length === 0) {
    throw new UserError('KEY_EMPTY', 'It holds no key.', { hint: 'Export one with: gpg --armor --export' })
  }
  return keys.map((key) => ({
    fingerprint: fingerprintOf(key),
    userId: key.getUserIDs()[0] ?? '',
    publicKeyArmored: key.armor(settings),
    publicKeyBinary: key.write(),
  }))
}
