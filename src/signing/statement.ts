import { UserError } from '../errors.ts'
import { type Digest, hexOf } from '../lib/digest.ts'

export const statementType = 'https://in-toto.io/Statement/v1'

/** What statements say of their subjects. */
export const predicateTypes = {
  /** Nothing but that somebody signs it: what `cosign sign` of version 3 writes. */
  cosignSign: 'https://sigstore.dev/cosign/sign/v1',
  slsaProvenance: 'https://slsa.dev/provenance/v1',
  cyclonedx: 'https://cyclonedx.org/bom',
  spdx: 'https://spdx.dev/Document',
  testResult: 'https://in-toto.io/attestation/test-result/v0.1',
  /** Packages that went from one environment to the next; described in docs/environments.md. */
  promotion: 'urn:hawser:promotion:1',
} as const

export interface StatementSubject {
  /** File name, or repository; left out where only the digest counts. */
  readonly name?: string
  readonly digest: Digest
}

/** in-toto Statement v1, as it was read. */
export interface Statement {
  readonly subjects: readonly StatementSubject[]
  readonly predicateType: string
  readonly predicate: unknown
}

const statementBytesMax = 64 << 20

/** JSON of an in-toto Statement v1; subjects in the order given, members in the order of the specification. */
export function statementBytes({ subjects, predicateType, predicate }: Statement): Uint8Array {
  const subject = subjects.map(({ name, digest }) => ({
    ...(name !== undefined && { name }),
    digest: { sha256: hexOf(digest) },
  }))
  return Buffer.from(JSON.stringify({ _type: statementType, subject, predicateType, predicate }))
}

/** What a bundle of cosign 3 holds for a signature on an image. */
export function signatureStatement(digest: Digest): Uint8Array {
  return statementBytes({ subjects: [{ digest }], predicateType: predicateTypes.cosignSign, predicate: {} })
}

/** Reads a statement, of version 0.1 or 1; whose signature it is must be checked before it is believed. */
export function readStatement(payload: Uint8Array): Statement {
  const { _type, subject, predicateType, predicate } = parsed(payload)
  if (_type !== statementType && _type !== 'https://in-toto.io/Statement/v0.1') {
    throw unreadable('its "_type" is not that of in-toto')
  }
  if (!Array.isArray(subject) || subject.length === 0) throw unreadable('it has no subject')
  if (typeof predicateType !== 'string') throw unreadable('it has no "predicateType"')
  return { subjects: subject.flatMap(subjectOf), predicateType, predicate }
}

/** Subjects without a SHA-256 say nothing that Hawser can check. */
function subjectOf(written: unknown): readonly StatementSubject[] {
  if (!isRecord(written) || !isRecord(written['digest'])) throw unreadable('a subject has no digest')
  const { name, digest } = written
  const sha256 = isRecord(digest) ? digest['sha256'] : undefined
  if (sha256 === undefined) return []
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw unreadable('a subject has a SHA-256 that is not 64 hex digits')
  }
  return [{ ...(typeof name === 'string' && name !== '' && { name }), digest: `sha256:${sha256}` }]
}

function parsed(payload: Uint8Array): Readonly<Record<string, unknown>> {
  if (payload.length > statementBytesMax) throw unreadable(`it has ${payload.length} bytes`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw unreadable('it is no JSON', cause)
  }
  if (isRecord(value)) return value
  throw unreadable('it is no JSON object')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function unreadable(why: string, cause?: unknown): UserError {
  return new UserError('STATEMENT_UNREADABLE', `A signed statement cannot be read: ${why}.`, {
    hint: 'It must be an in-toto statement, version 1.',
    cause,
  })
}
