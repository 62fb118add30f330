import type { Bundle } from '@sigstore/bundle'
import type { TrustMaterial } from '@sigstore/verify'
import { UserError } from '../../errors.ts'
import type { SignedBy } from './artifact-verifier.ts'

/** Whose certificates are trusted. */
export interface TrustedIdentity {
  /**
   * The certificate's name: a mail address, or such as
   * "https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.0.0". "*" stands for any text.
   */
  readonly subject: string
  /** Who vouched for it, such as "https://token.actions.githubusercontent.com". */
  readonly issuer: string
}

/** Proves bundles by certificate, certificate log, transparency log and time; nothing is asked of the network. */
export async function verifyByIdentity(
  identity: TrustedIdentity,
  trustedRoot: string,
): Promise<(bundle: Bundle, data?: Uint8Array) => Promise<SignedBy>> {
  const { toSignedEntity, Verifier, VerificationError } = await import('@sigstore/verify')
  const verifier = new Verifier(await trustMaterialOf(trustedRoot))
  return async (bundle, data) => {
    if (bundle.verificationMaterial.content.$case === 'publicKey') {
      throw untrusted('it was made with a key, not with a certificate')
    }
    try {
      const entity = toSignedEntity(bundle, data === undefined ? undefined : Buffer.from(data))
      const { identity: signer } = verifier.verify(entity)
      return accepted(identity, signer?.subjectAlternativeName, signer?.extensions?.issuer)
    } catch (error) {
      if (error instanceof UserError) throw error
      if (error instanceof VerificationError) throw untrusted(error.message, error)
      // The library reads certificates and time stamps as it goes; what it cannot read it throws as plain errors.
      if (error instanceof Error) throw untrusted(`it cannot be read (${error.message})`, error)
      throw error
    }
  }
}

function accepted(identity: TrustedIdentity, subject = '', issuer = ''): SignedBy {
  if (pattern(identity.subject).test(subject) && identity.issuer === issuer) {
    return { kind: 'identity', subject, issuer }
  }
  throw new UserError(
    'SIGNATURE_OTHER_IDENTITY',
    `The signature is of "${subject}", for whom "${issuer}" vouches, and not of "${identity.subject}" with "${identity.issuer}".`,
    {
      hint: 'It is genuine, and by somebody else than the one you trust. "*" in a trusted name stands for any text.',
    },
  )
}

/** Whole name, "*" as the one wildcard: an unanchored expression would trust names that only contain it. */
function pattern(subject: string): RegExp {
  const escaped = subject.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\/-]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`, 's')
}

async function trustMaterialOf(text: string): Promise<TrustMaterial> {
  const { toTrustMaterial } = await import('@sigstore/verify')
  const { TrustedRoot } = await import('@sigstore/protobuf-specs')
  try {
    return toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(text)))
  } catch (cause) {
    throw new UserError('TRUSTED_ROOT_UNREADABLE', 'The trusted root of sigstore cannot be read.', {
      hint: 'It must be a trusted_root.json, as "cosign trusted-root create" or sigstore\'s TUF repository has it.',
      cause,
    })
  }
}

function untrusted(why: string, cause?: unknown): UserError {
  return new UserError('SIGNATURE_UNTRUSTED', `The signature is not accepted: ${why}.`, {
    hint: 'Compare who signed with the identity that you trust. Log and certificate are checked with the trusted root that you gave.',
    cause,
  })
}
