import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { isSecretReference } from '../../lib/secret.ts'
import type { Provider } from '../../provider.ts'
import type { ArtifactSigner } from '../artifact-signer.ts'
import type { SigningContext } from '../signing-context.ts'
import { identityToken, tokenSource } from './identity-token.ts'
import { keylessSigner } from './keyless-signer.ts'
import { isSafeAddress } from './safe-address.ts'

const service = z.string().refine(isSafeAddress, { error: 'Write an address with https.' })

const options = z.strictObject({
  identityToken: z
    .string()
    .refine(isSecretReference, {
      error: 'Write "env:NAME", "file:PATH" or "cmd:COMMAND"; the secret itself never stands in the file.',
    })
    .optional()
    .describe(
      'Where an OIDC token for the audience "sigstore" is: env:NAME, file:PATH or cmd:COMMAND. Without it, GitHub Actions is asked for one.',
    ),
  fulcio: service.default('https://fulcio.sigstore.dev').describe('The certificate authority.'),
  rekor: service.default('https://rekor.sigstore.dev').describe('The transparency log.'),
  rekorVersion: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .describe("The version of the log's interface. 2 needs a timestamp authority."),
  timestampAuthority: service.optional().describe('Where signed times come from (RFC 3161).'),
})

export const sigstore: Provider<Promise<ArtifactSigner>, typeof options, SigningContext> = {
  name: 'sigstore',
  describe:
    'Keyless signatures: the identity of the CI job instead of a key, in a public log. Verified offline too.',
  options,
  example: { identityToken: 'env:SIGSTORE_ID_TOKEN' },
  create: async (written, context) => {
    const { identityToken: reference, fulcio, rekor, rekorVersion, timestampAuthority } = written
    if (rekorVersion === 2 && timestampAuthority === undefined) {
      throw new UserError(
        'SIGSTORE_TIME',
        'Version 2 of the log gives no time, and no timestamp authority is named.',
        {
          hint: 'Add "timestampAuthority: https://timestamp.sigstore.dev/api/v1/timestamp", or use version 1 of the log.',
        },
      )
    }
    const token = () => identityToken(reference, context)
    // Once now: a job without identity fails before anything is built.
    await token()
    return keylessSigner({
      services: { fulcioUrl: fulcio, rekorUrl: rekor, rekorVersion, timestampUrl: timestampAuthority },
      title: `identity of ${tokenSource(reference, context.environment)}`,
      token,
    })
  },
}
