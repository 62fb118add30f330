import type { Bundle } from '@sigstore/bundle'
import { UserError } from '../../errors.ts'
import type { Digest } from '../../lib/digest.ts'
import { inTotoPayloadType } from '../artifact-signer.ts'
import { readStatement, type Statement } from '../statement.ts'

const bundleBytesMax = 128 << 20

/** Reads a sigstore bundle of any version and checks its form; nothing of it is proved yet. */
export async function readBundle(bytes: Uint8Array): Promise<Bundle> {
  if (bytes.length > bundleBytesMax) throw unreadable(`it has ${bytes.length} bytes`)
  return bundleOf(jsonOf(bytes))
}

/** The same from JSON that is parsed already. */
export async function bundleOf(json: unknown): Promise<Bundle> {
  const { bundleFromJSON, ValidationError } = await import('@sigstore/bundle')
  let bundle: Bundle
  try {
    bundle = bundleFromJSON(json)
  } catch (cause) {
    // Anything but its own error is a value of a wrong type that the library stumbled over.
    if (!(cause instanceof ValidationError)) throw unreadable('a member is of a wrong type', cause)
    throw unreadable(`missing or wrong: ${cause.fields.join(', ')}`, cause)
  }
  const { content } = bundle
  if (content.$case === 'dsseEnvelope' && content.dsseEnvelope.signatures.length !== 1) {
    // A verifier that looks at one of several would leave the others unread.
    throw unreadable(`its envelope has ${content.dsseEnvelope.signatures.length} signatures, not one`)
  }
  return bundle
}

export function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw unreadable('it is no JSON', cause)
  }
}

/** The statement of a bundle whose signature was checked, with the digest among its subjects. */
export function statementAbout({ content }: Bundle, digest: Digest): Statement {
  if (content.$case !== 'dsseEnvelope') throw unreadable('it signs data, not a statement')
  const { payload, payloadType } = content.dsseEnvelope
  if (payloadType !== inTotoPayloadType)
    throw unreadable(`it signs "${payloadType}", not an in-toto statement`)
  const statement = readStatement(payload)
  if (statement.subjects.some((subject) => subject.digest === digest)) return statement
  throw otherDigest(statement.subjects.map((subject) => subject.digest).join(', ') || 'no digest', digest)
}

export function otherDigest(found: string, wanted: Digest): UserError {
  return new UserError('SIGNATURE_OTHER_DIGEST', `The signature is about ${found}, not about ${wanted}.`, {
    hint: 'It was made for something else, and moved or attached here.',
  })
}

export function unreadable(why: string, cause?: unknown): UserError {
  return new UserError('SIGNATURE_UNREADABLE', `A signature bundle cannot be read: ${why}.`, {
    hint: 'It must be a sigstore bundle in JSON, as cosign 3 and Hawser write it.',
    cause,
  })
}
