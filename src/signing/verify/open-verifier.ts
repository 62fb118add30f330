import type { Bundle, SerializedEnvelope } from '@sigstore/bundle'
import type { Digest } from '../../lib/digest.ts'
import { readSimpleSigningPayload } from '../simple-signing.ts'
import type { ArtifactVerifier, SignedBy } from './artifact-verifier.ts'
import { type TrustedIdentity, verifyByIdentity } from './by-identity.ts'
import { verifyByKeys } from './by-keys.ts'
import { readPublicKeys } from './public-key.ts'
import { bundleOf, jsonOf, otherDigest, readBundle, statementAbout, unreadable } from './read-bundle.ts'
import { bundleFromAnnotations, simpleContent } from './simple-bundle.ts'

/** What the reader trusts: keys that they hold, or whoever may act for an identity. */
export type ArtifactTrust =
  | { readonly publicKeysPem: readonly string[] }
  | {
      readonly identity: TrustedIdentity
      /** `trusted_root.json`: certificate authorities, logs and time stampers with their keys. */
      readonly trustedRoot: string
    }

/** Proves a bundle; `data` is what a message signature covers. */
type Prove = (bundle: Bundle, data?: Uint8Array) => Promise<SignedBy>

/** Reads what is trusted, and refuses keys and roots that cannot be read, before the first signature is looked at. */
export async function artifactVerifier(trust: ArtifactTrust): Promise<ArtifactVerifier> {
  const prove = await proverOf(trust)
  const verifyStatement = async (bundle: Bundle, digest: Digest) => {
    if (bundle.content.$case !== 'dsseEnvelope') throw unreadable('it signs data, not a statement')
    // The signature first: what an unknown signer says is not even looked at.
    const by = await prove(bundle)
    return { by, statement: statementAbout(bundle, digest) }
  }
  return {
    verifySimple: async (payload, annotations, digest) => {
      const json = bundleFromAnnotations(annotations, simpleContent(payload, annotations))
      const by = await prove(await bundleOf(json), payload)
      const claim = readSimpleSigningPayload(payload)
      if (claim.digest !== digest) throw otherDigest(claim.digest, digest)
      return { by, repository: claim.repository }
    },
    verifyBundle: async (bytes, digest) => verifyStatement(await readBundle(bytes), digest),
    verifyEnvelope: async (bytes, annotations, digest) => {
      const dsseEnvelope = jsonOf(bytes) as SerializedEnvelope
      return verifyStatement(await bundleOf(bundleFromAnnotations(annotations, { dsseEnvelope })), digest)
    },
    verifyMessage: async (bytes, data) => {
      const bundle = await readBundle(bytes)
      if (bundle.content.$case !== 'messageSignature') throw unreadable('it signs a statement, not data')
      return { by: await prove(bundle, data) }
    },
  }
}

async function proverOf(trust: ArtifactTrust): Promise<Prove> {
  if ('identity' in trust) return verifyByIdentity(trust.identity, trust.trustedRoot)
  return verifyByKeys(trust.publicKeysPem.flatMap(readPublicKeys))
}
