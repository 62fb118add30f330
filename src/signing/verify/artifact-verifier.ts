import type { Digest } from '../../lib/digest.ts'
import type { Statement } from '../statement.ts'

/** Who signed, as it was proved. */
export type SignedBy =
  | { readonly kind: 'key'; readonly keyId: string }
  | { readonly kind: 'identity'; readonly subject: string; readonly issuer: string }

export interface VerifiedSignature {
  readonly by: SignedBy
}

export interface VerifiedImage extends VerifiedSignature {
  /** The repository that the signer named; it says nothing of where the image was found. */
  readonly repository: string
}

export interface VerifiedStatement extends VerifiedSignature {
  readonly statement: Statement
}

/** Checks signatures with what the reader trusts, without network. Every method throws a UserError that says why not. */
export interface ArtifactVerifier {
  /** A layer of a `.sig` manifest: its blob, its annotations, and the manifest that it is to be about. */
  verifySimple(
    payload: Uint8Array,
    annotations: { readonly [name: string]: string },
    digest: Digest,
  ): Promise<VerifiedImage>
  /** A bundle around an in-toto statement, with the digest among its subjects. */
  verifyBundle(bundle: Uint8Array, digest: Digest): Promise<VerifiedStatement>
  /** A bare DSSE envelope around such a statement, as `.att` manifests hold it. */
  verifyEnvelope(
    envelope: Uint8Array,
    annotations: { readonly [name: string]: string },
    digest: Digest,
  ): Promise<VerifiedStatement>
  /** A bundle with a signature over the data itself. */
  verifyMessage(bundle: Uint8Array, data: Uint8Array): Promise<VerifiedSignature>
}
