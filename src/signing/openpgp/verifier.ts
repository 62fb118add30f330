import {
  createMessage,
  type Key,
  type KeyID,
  readCleartextMessage,
  readSignature,
  type Signature,
  type VerifyMessageResult,
  verify,
} from 'openpgp'
import { UserError } from '../../errors.ts'
import type { SignatureVerifier } from '../signer.ts'
import { fingerprintOf, readPublicKeys } from './read-key.ts'
import { settings } from './settings.ts'

/** Trusts the given keyrings. With `now`, signatures of keys that have expired since, and of the future, are refused. */
export async function openpgpVerifier(
  publicKeys: readonly (string | Uint8Array)[],
  now?: Date,
): Promise<SignatureVerifier> {
  const keys = (await Promise.all(publicKeys.map(readPublicKeys))).flat()
  const options = { verificationKeys: keys, date: now ?? null, config: settings }
  return {
    verifyDetached: async (data, written) => {
      const message = await createMessage({ binary: data })
      const signature = await reading(detached, () => parseSignature(written))
      const { signatures } = await reading(detached, () => verify({ ...options, message, signature }))
      return signerOf(signatures, keys, now)
    },
    verifyCleartext: async (cleartextMessage) => {
      const message = await reading(cleartext, () =>
        readCleartextMessage({ cleartextMessage, config: settings }),
      )
      const { signatures } = await reading(cleartext, () => verify({ ...options, message }))
      return { text: `${message.getText()}\n`, fingerprint: await signerOf(signatures, keys, now) }
    },
  }
}

const detached = {
  message: 'The signature is not a readable OpenPGP signature.',
  hint: 'Check that the file is complete, and that it is a detached signature.',
}
const cleartext = {
  message: 'The text is not a readable cleartext-signed message.',
  hint: 'It begins with "-----BEGIN PGP SIGNED MESSAGE-----" and ends with a signature. Check that it is complete.',
}

/** What openpgp.js throws here, also while it verifies, is that bytes from outside have no meaning. */
async function reading<T>({ message, hint }: typeof detached, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new UserError('SIGNATURE_UNREADABLE', message, { hint, cause })
  }
}

async function parseSignature(written: Uint8Array | string): Promise<Signature> {
  if (typeof written !== 'string' && ((written[0] ?? 0) & 0x80) !== 0) {
    return readSignature({ binarySignature: written, config: settings })
  }
  // Some clients want each signature in a block of its own (repodata/repomd.xml.asc); the library reads one block.
  const text = Buffer.from(written).toString()
  const [first = text, ...others] = text.match(block) ?? []
  const signature = await readSignature({ armoredSignature: first, config: settings })
  for (const armoredSignature of others) {
    signature.packets.push(...(await readSignature({ armoredSignature, config: settings })).packets)
  }
  return signature
}

const block = /-----BEGIN PGP SIGNATURE-----[\s\S]*?-----END PGP SIGNATURE-----/g

/** One good signature of a trusted key is enough, as for apt; a bad one beside it is not an error there either. */
async function signerOf(
  signatures: VerifyMessageResult['signatures'],
  keys: readonly Key[],
  now: Date | undefined,
): Promise<string> {
  let failure: UserError | undefined
  for (const { keyID, verified } of signatures) {
    const key = keys.find((candidate) => candidate.getKeys(keyID).length > 0)
    try {
      await verified
      if (key === undefined) throw new Error('Only signatures of known keys are verified')
      if (now !== undefined) await key.verifyPrimaryKey(now, undefined, settings)
      return fingerprintOf(key)
    } catch (cause) {
      if (key !== undefined) failure = wrong(key, cause)
    }
  }
  throw failure ?? unknownKey(signatures, keys)
}

function wrong(key: Key, cause: unknown): UserError {
  const why = cause instanceof Error ? `${cause.message.replace(/\.$/, '')}.` : ''
  return new UserError(
    'SIGNATURE_INVALID',
    `The signature of the key ${fingerprintOf(key)} is not valid. ${why}`,
    {
      hint: 'The content was changed after it was signed, or the key may not sign any more. Do not use it; publish it again.',
      cause,
    },
  )
}

function unknownKey(signatures: readonly { readonly keyID: KeyID }[], keys: readonly Key[]): UserError {
  const issuers = signatures.map(({ keyID }) => keyID.toHex().toUpperCase()).join(', ')
  const message =
    issuers === ''
      ? 'There is no signature.'
      : `The signature is of the key ${issuers}, which is not trusted.`
  return new UserError('SIGNATURE_UNTRUSTED', message, {
    hint: `Trusted keys: ${keys.map(fingerprintOf).join(', ') || 'none'}.`,
  })
}
