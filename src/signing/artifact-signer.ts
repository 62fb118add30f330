/** A signature over an artifact as it lies in a registry, or beside a file. */
export interface SigstoreBundle {
  readonly mediaType: typeof bundleMediaType
  /** Sigstore bundle v0.3 in JSON: what goes into a layer, or into `FILE.sigstore.json`. */
  readonly bytes: Uint8Array
}

/** One layer of a `sha256-<hex>.sig` manifest: its blob is the payload, its annotations prove it. */
export interface SimpleSignature {
  /** DER of ECDSA, or PKCS #1 v1.5 of RSA; over the payload, with SHA-256. */
  readonly signature: Uint8Array
  /** All annotations of the layer: the signature and, of an identity, certificate and log entry. */
  readonly annotations: { readonly [name: string]: string }
}

/** Signs images, modules, statements and files so that cosign and others of sigstore verify it. */
export interface ArtifactSigner {
  /** Whether people verify by a public key that they hold, or by who asked for a certificate. */
  readonly kind: 'key' | 'identity'
  /** Who signs, for people: a key by its id, or where the identity comes from. */
  readonly title: string
  /** SubjectPublicKeyInfo in PEM: `cosign.pub`. Absent without a key of one's own. */
  readonly publicKeyPem?: string
  /** Base64 of the SHA-256 of the public key's DER: the hint in bundles, as cosign writes it. */
  readonly keyId?: string
  /** Equal data give equal bytes. Absent for identities, whose certificates live for minutes and differ each time. */
  readonly deterministic: boolean
  /** For people: what does not stop signing. */
  readonly warnings?: readonly string[]
  /** For the `.sig` tag: signs a payload (simple-signing.ts). */
  signSimple(payload: Uint8Array): Promise<SimpleSignature>
  /** A bundle with a DSSE envelope, usually around an in-toto statement. */
  signDsse(payload: Uint8Array, payloadType: string): Promise<SigstoreBundle>
  /** A bundle with a signature over the data itself: `cosign verify-blob --bundle`. */
  signMessage(data: Uint8Array): Promise<SigstoreBundle>
}

export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

/** Of in-toto statements in DSSE envelopes. */
export const inTotoPayloadType = 'application/vnd.in-toto+json'

/** Of the layers of `sha256-<hex>.att` manifests, which cosign 1 and 2 write. */
export const dsseMediaType = 'application/vnd.dsse.envelope.v1+json'
