import { UserError } from '../errors.ts'
import { resolveSecret } from '../lib/secret.ts'
import type { ArtifactSigner } from '../signing/artifact-signer.ts'
import { artifactSigners, signerProviders } from '../signing/index.ts'
import { openPublicKeys } from '../signing/openpgp/public-keys.ts'
import type { PublicKey, Signer } from '../signing/signer.ts'
import type { SigningContext } from '../signing/signing-context.ts'
import { type Choice, createChosen, type PortContext } from './choice.ts'

/** Reads and checks the key; an expired, locked or unusable one fails here, before anything is written. */
export async function openSigner(key: Choice, context: PortContext): Promise<Signer> {
  return createChosen(signerProviders, key, {
    environment: context.environment,
    root: context.root,
    signal: context.signal,
    now: context.now(),
    maskSecret: context.maskSecret,
  })
}

/** Whether the key signs images and modules, and not packages. */
export const isArtifactKey = ({ provider }: Choice): boolean =>
  artifactSigners.some(({ name }) => name === provider)

export async function openArtifactSigner(key: Choice, context: PortContext): Promise<ArtifactSigner> {
  const { environment, root, signal, maskSecret } = context
  return createChosen<Promise<ArtifactSigner>, SigningContext>(artifactSigners, key, {
    environment,
    root,
    signal,
    now: context.now(),
    maskSecret,
  })
}

export async function openSigners(keys: readonly Choice[], context: PortContext): Promise<readonly Signer[]> {
  const signers: Signer[] = []
  for (const key of keys) signers.push(await openSigner(key, context))
  return signers
}

/** Public keys that are accepted without signing: `file:PATH` or `env:NAME`, each a keyring of one key or more. */
export async function openAcceptedKeys(
  references: readonly string[],
  context: PortContext,
): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = []
  for (const reference of references) keys.push(...(await acceptedKeys(reference, context)))
  return keys
}

async function acceptedKeys(
  reference: string,
  { root, environment, signal }: PortContext,
): Promise<readonly PublicKey[]> {
  try {
    const { bytes } = await resolveSecret(reference, { root, environment, signal })
    return await openPublicKeys(bytes)
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    // Where it is and what it must be differ from those of the keys that sign.
    throw new UserError('ACCEPTED_KEY', `The accepted key "${reference}" cannot be used. ${cause.message}`, {
      hint: 'Name a public key, armored or binary: gpg --armor --export FINGERPRINT > FILE, then file:FILE or env:NAME.',
      cause,
    })
  }
}
