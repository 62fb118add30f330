import { createHash } from 'node:crypto'
import { bundleMediaType, type SigstoreBundle } from './artifact-signer.ts'

/** What a bundle that is verified by a public key says of it: only which, never the key itself. */
export interface KeyHint {
  readonly keyId: string
}

/** The JSON that cosign 3 writes for a key, members in the order of the protobuf messages. */
export function dsseBundle(
  { keyId }: KeyHint,
  envelope: { readonly payload: Uint8Array; readonly payloadType: string; readonly signature: Uint8Array },
): SigstoreBundle {
  return bundleOf(keyId, {
    dsseEnvelope: {
      payload: base64(envelope.payload),
      payloadType: envelope.payloadType,
      signatures: [{ sig: base64(envelope.signature) }],
    },
  })
}

export function messageBundle({ keyId }: KeyHint, data: Uint8Array, signature: Uint8Array): SigstoreBundle {
  const digest = createHash('sha256').update(data).digest()
  return bundleOf(keyId, {
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: base64(digest) },
      signature: base64(signature),
    },
  })
}

function bundleOf(keyId: string, content: object): SigstoreBundle {
  const verificationMaterial = { publicKey: { hint: keyId } }
  const text = JSON.stringify({ mediaType: bundleMediaType, verificationMaterial, ...content })
  return { mediaType: bundleMediaType, bytes: Buffer.from(text) }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
