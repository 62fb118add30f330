import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { isSecretReference, resolveSecret } from '../../lib/secret.ts'
import type { Provider } from '../../provider.ts'
import type { Signer } from '../signer.ts'
import type { SigningContext } from '../signing-context.ts'
import { openpgpSigner } from './signer.ts'

const reference = z.string().refine(isSecretReference, {
  error: 'Write "env:NAME", "file:PATH" or "cmd:COMMAND"; the secret itself never stands in the file.',
})

const options = z.strictObject({
  key: reference.describe(
    'Where the private key is: env:NAME, file:PATH or cmd:COMMAND. Armored, binary, or in base64.',
  ),
  passphrase: reference
    .optional()
    .describe('Where its passphrase is, when the key is locked. Its first line counts.'),
})

export const openpgp: Provider<Promise<Signer>, typeof options, SigningContext> = {
  name: 'openpgp',
  describe:
    'OpenPGP signatures, as apt, dnf, zypper, rpm and gpg verify them. RSA of 4096 bits suits every client.',
  options,
  example: { key: 'env:RELEASE_KEY', passphrase: 'env:RELEASE_KEY_PASSPHRASE' },
  create: async (written, context) => {
    const key = await resolveSecret(written.key, context)
    context.maskSecret(key.bytes)
    const passphrase =
      written.passphrase === undefined ? undefined : await resolveSecret(written.passphrase, context)
    if (passphrase !== undefined) context.maskSecret(passphrase.line)
    const signer = await openpgpSigner({
      key: key.bytes,
      now: context.now,
      ...(passphrase === undefined ? {} : { passphrase: passphrase.line }),
    }).catch((error: unknown) => {
      throw naming(written.key, error)
    })
    return {
      ...signer,
      warnings: [...key.warnings, ...(passphrase?.warnings ?? []), ...(signer.warnings ?? [])],
    }
  },
}

/** A project may have several keys: which of them it is, as hawser.yaml has it. */
function naming(reference: string, error: unknown): unknown {
  if (!(error instanceof UserError)) return error
  const { code, hint, message } = error
  const more = hint === undefined ? {} : { hint }
  return new UserError(code, `The key "${reference}" cannot be used. ${message}`, { ...more, cause: error })
}
