import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { isSecretReference, resolveSecret } from '../../lib/secret.ts'
import type { Provider } from '../../provider.ts'
import type { ArtifactSigner } from '../artifact-signer.ts'
import type { SigningContext } from '../signing-context.ts'
import { cosignSigner } from './signer.ts'

const reference = z.string().refine(isSecretReference, {
  error: 'Write "env:NAME", "file:PATH" or "cmd:COMMAND"; the secret itself never stands in the file.',
})

const options = z.strictObject({
  key: reference.describe(
    'Where the private key is: env:NAME, file:PATH or cmd:COMMAND. A cosign.key, a PEM file of openssl, or either in base64.',
  ),
  password: reference
    .optional()
    .describe('Where its password is. Its first line counts. Without it, the empty password is tried.'),
})

export const cosign: Provider<Promise<ArtifactSigner>, typeof options, SigningContext> = {
  name: 'cosign',
  describe:
    'Signatures with a key of your own, as cosign, Kyverno and the policy controller verify them, offline too.',
  options,
  example: { key: 'file:cosign.key', password: 'env:COSIGN_PASSWORD' },
  create: async (written, context) => {
    const key = await resolveSecret(written.key, context)
    context.maskSecret(key.bytes)
    const password =
      written.password === undefined ? undefined : await resolveSecret(written.password, context)
    if (password !== undefined) context.maskSecret(password.line)
    const signer = await cosignSigner({ key: key.bytes, password: password?.line }).catch(
      (error: unknown) => {
        throw naming(written.key, error)
      },
    )
    return { ...signer, warnings: [...key.warnings, ...(password?.warnings ?? [])] }
  },
}

/** A project may have several keys: which of them it is, as hawser.yaml has it. */
function naming(reference: string, error: unknown): unknown {
  if (!(error instanceof UserError)) return error
  const { code, hint, message } = error
  const more = hint === undefined ? {} : { hint }
  return new UserError(code, `The key "${reference}" cannot be used. ${message}`, { ...more, cause: error })
}
