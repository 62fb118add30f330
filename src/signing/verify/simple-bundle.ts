import { createHash } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { simpleSigningAnnotations as names } from '../simple-signing.ts'
import { jsonOf } from './read-bundle.ts'

type Annotations = { readonly [name: string]: string }

/**
 * The annotations of a `.sig` or `.att` layer as a bundle, so that one verifier serves both. A layer without a
 * certificate belongs to a key.
 */
export function bundleFromAnnotations(annotations: Annotations, content: object): unknown {
  return {
    // The one version whose log entries have, as these annotations do, a promise and no proof.
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...keyOf(annotations),
      tlogEntries: logEntries(annotations),
      ...timestamps(annotations),
    },
    ...content,
  }
}

export function simpleContent(payload: Uint8Array, annotations: Annotations): object {
  const signature = annotations[names.signature]
  if (signature === undefined) {
    throw broken(`the annotation "${names.signature}" is missing`)
  }
  const digest = createHash('sha256').update(payload).digest('base64')
  return { messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature } }
}

function keyOf(annotations: Annotations): object {
  const pem = annotations[names.certificate]
  if (pem === undefined) return { publicKey: { hint: '' } }
  const body = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem)?.[1]
  if (body === undefined) throw broken(`the annotation "${names.certificate}" holds no certificate`)
  return { x509CertificateChain: { certificates: [{ rawBytes: body.replaceAll(/\s/g, '') }] } }
}

/** Rekor's promise of inclusion, as cosign keeps it: `{SignedEntryTimestamp, Payload: {body, integratedTime, logIndex, logID}}`. */
function logEntries(annotations: Annotations): readonly object[] {
  const text = annotations[names.bundle]
  if (text === undefined) return []
  const { SignedEntryTimestamp: signedEntryTimestamp, Payload: entry } = record(jsonOf(Buffer.from(text)))
  const { body, integratedTime, logIndex, logID } = record(entry)
  const { kind, apiVersion } = record(jsonOf(Buffer.from(String(body), 'base64')))
  return [
    {
      logIndex: String(logIndex),
      logId: { keyId: Buffer.from(String(logID), 'hex').toString('base64') },
      kindVersion: { kind, version: apiVersion },
      integratedTime: String(integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      canonicalizedBody: body,
    },
  ]
}

function timestamps(annotations: Annotations): object {
  const text = annotations[names.timestamp]
  if (text === undefined) return {}
  const { SignedRFC3161Timestamp: signedTimestamp } = record(jsonOf(Buffer.from(text)))
  return { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp }] } }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (value !== null && typeof value === 'object') return value as Readonly<Record<string, unknown>>
  throw broken('its log entry is no JSON object')
}

function broken(why: string): UserError {
  return new UserError('SIGNATURE_UNREADABLE', `A signature in a registry cannot be read: ${why}.`, {
    hint: 'It must be a layer as cosign writes it below the tag "sha256-<digest>.sig".',
  })
}
