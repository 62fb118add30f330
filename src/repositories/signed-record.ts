import { UserError } from '../errors.ts'
import { digestOf, hexOf } from '../lib/digest.ts'
import type { Storage } from '../storage/storage.ts'
import type { OpenRepository } from './open-state.ts'

/** Beside the records of generations: what is known of packages, and of how they came here. */
export type RecordKind = 'tests' | 'promotions'

/**
 * One file with its signature inside (RFC 9580, 7), so that it is there whole or not at all and `gpg --verify` reads it:
 * a signature in a file of its own could be another writer's.
 */
export const signedRecordPath = (folder: string, kind: RecordKind, name: string): string =>
  `.hawser/${folder}/${kind}/${name}.json.asc`

export interface SignedRecord {
  /** What was signed, as text. */
  readonly text: string
  /** Hex, of the signed file. */
  readonly sha256: string
  readonly fingerprint: string
}

const sizeMax = 16 << 20

/** Undefined: there is none (absent, not unknown). Throws for one that no key of the repository signed. */
export async function readSignedRecord(
  { storage, verifier, signal }: OpenRepository,
  path: string,
): Promise<SignedRecord | undefined> {
  const stored = await storage.get(path, { signal })
  if (stored === undefined) return undefined
  if (stored.sizeBytes > sizeMax) throw damagedError(path, storage, undefined)
  const bytes = await stored.bytes()
  try {
    if (verifier === undefined) throw new Error('A repository with records has keys')
    const { text, fingerprint } = await verifier.verifyCleartext(Buffer.from(bytes).toString())
    return { text, fingerprint, sha256: hexOf(digestOf(bytes)) }
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw damagedError(path, storage, cause)
  }
}

/** Signed with the repository's first key. A record that is there stays: what was known first is as true as what is known now. */
export async function writeSignedRecord(
  { storage, signers, signal }: OpenRepository,
  path: string,
  text: string,
  date: Date,
): Promise<void> {
  const [signer] = signers
  if (signer === undefined) throw new Error(`Nobody can sign ${path}`)
  const body = Buffer.from(await signer.signCleartext(text, date))
  const options = { condition: { ifAbsent: true }, contentType: 'text/plain', caching: 'immutable' } as const
  await storage.put(path, body, { ...options, signal })
}

const damagedError = (path: string, { location }: Storage, cause: UserError | undefined): UserError =>
  new UserError(
    'RECORD_UNTRUSTED',
    `The record ${path} in ${location} is not one that a key of this repository signed. ${cause?.message ?? 'It is far too large.'}`,
    {
      hint: 'If a key was replaced, name the old public key in acceptedKeys. Else somebody changed it: find out who, delete it, and test again.',
      ...(cause !== undefined && { cause }),
    },
  )
