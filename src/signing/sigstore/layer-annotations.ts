import type { SerializedBundle } from '@sigstore/bundle'
import { simpleSigningAnnotations as names } from '../simple-signing.ts'

/** What a bundle proves, spread over the annotations of a `.sig` layer as cosign 1 and 2 have them. */
export function layerAnnotations(bundle: SerializedBundle): { readonly [name: string]: string } {
  const { verificationMaterial: material, messageSignature } = bundle
  const [entry] = material.tlogEntries
  const [timestamp] = material.timestampVerificationData?.rfc3161Timestamps ?? []
  return {
    [names.signature]: messageSignature?.signature ?? '',
    ...(material.certificate !== undefined && { [names.certificate]: pemOf(material.certificate.rawBytes) }),
    ...(entry?.inclusionPromise !== undefined && { [names.bundle]: logBundle(entry) }),
    ...(timestamp !== undefined && {
      [names.timestamp]: JSON.stringify({ SignedRFC3161Timestamp: timestamp.signedTimestamp }),
    }),
  }
}

type LogEntry = SerializedBundle['verificationMaterial']['tlogEntries'][number]

function logBundle({
  inclusionPromise,
  canonicalizedBody,
  integratedTime,
  logIndex,
  logId,
}: LogEntry): string {
  return JSON.stringify({
    SignedEntryTimestamp: inclusionPromise?.signedEntryTimestamp,
    Payload: {
      body: canonicalizedBody,
      integratedTime: Number(integratedTime),
      logIndex: Number(logIndex),
      logID: Buffer.from(logId.keyId, 'base64').toString('hex'),
    },
  })
}

function pemOf(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
