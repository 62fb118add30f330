import { UserError } from '../errors.ts'
import { type Digest, isDigest } from '../lib/digest.ts'

/** The payload under a `.sig` tag, as containers/image and cosign define it. */
export const simpleSigningMediaType = 'application/vnd.dev.cosign.simplesigning.v1+json'

/** Annotations of its layer; of cosign's specification. */
export const simpleSigningAnnotations = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const

const payloadType = 'cosign container image signature'
const payloadBytesMax = 1 << 16

/**
 * What is signed: the digest of a manifest, and the repository ("registry.example.org/team/app", no tag). Members, their
 * order and the missing line end are cosign's.
 */
export function simpleSigningPayload(repository: string, digest: Digest): Uint8Array {
  const identity = { 'docker-reference': repository }
  const image = { 'docker-manifest-digest': digest }
  return Buffer.from(JSON.stringify({ critical: { identity, image, type: payloadType }, optional: null }))
}

export interface SimpleSigningClaim {
  readonly digest: Digest
  readonly repository: string
}

/** Reads a payload that somebody signed; whose signature it is must be checked before it is believed. */
export function readSimpleSigningPayload(payload: Uint8Array): SimpleSigningClaim {
  if (payload.length > payloadBytesMax) throw unreadable(`it has ${payload.length} bytes`)
  const critical = memberOf(parsed(payload), 'critical')
  if (memberOf(critical, 'type') !== payloadType) throw unreadable('it is of another type')
  const digest = memberOf(memberOf(critical, 'image'), 'docker-manifest-digest')
  if (typeof digest !== 'string' || !isDigest(digest)) throw unreadable('it names no sha256 digest')
  const repository = memberOf(memberOf(critical, 'identity'), 'docker-reference')
  return { digest, repository: typeof repository === 'string' ? repository : '' }
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw unreadable('it is no JSON', cause)
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

function unreadable(why: string, cause?: unknown): UserError {
  return new UserError('SIGNATURE_UNREADABLE', `A signature's payload cannot be read: ${why}.`, {
    hint: 'It must be the simple signing payload of a cosign container image signature.',
    cause,
  })
}
