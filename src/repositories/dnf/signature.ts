import { UserError } from '../../errors.ts'
import { digestOf, hexOf } from '../../lib/digest.ts'
import type { SignatureVerifier, Signer } from '../../signing/signer.ts'
import type { Storage } from '../../storage/storage.ts'
import type {
  EntrySignature,
  ReadOptions,
  RenderedEntry,
  RepairContext,
  Upload,
} from '../repository-format.ts'
import { repomdPath } from './repomd.ts'

// repomd.xml and its signature are two objects, and no order of writing them is right for every reader. The signature
// follows at once: dnf 4 reads a pair that does not fit once more, a few dozen milliseconds later; dnf 5 and zypper do not. repomd.xml goes
// first, because its compare-and-swap decides who may write the signature at all: a writer who loses must not replace
// the winner's. Before both, the signature is stored under the digest of what it signs, so that a publish which dies
// between the two leaves a proof that the new repomd.xml is genuine, and anybody can finish its work without the key.
export const signaturePath = `${repomdPath}.asc`
/** zypper looks for the key here; dnf has it from the .repo file. */
export const keyPath = `${repomdPath}.key`

export const stagedPath = (repomd: Uint8Array): string => `repodata/${hexOf(digestOf(repomd))}-repomd.xml.asc`

export async function signRepomd(
  repomd: Uint8Array,
  signers: readonly Signer[],
  date: Date,
): Promise<Pick<RenderedEntry, 'before' | 'after'>> {
  if (signers.length === 0) return { before: [], after: [] }
  const signature = Buffer.from(await signatureOf(repomd, signers, date), 'ascii')
  return {
    before: [signatureUpload(stagedPath(repomd), signature, 'immutable')],
    after: [signatureUpload(signaturePath, signature, 'entry')],
  }
}

/**
 * One armored block for each signature: clients whose librepo is built on rpm refuse several signatures in one. With
 * several keys the leading one comes first and last: those clients look at the first block, zypper at the last, and the
 * others at all of them.
 */
async function signatureOf(repomd: Uint8Array, signers: readonly Signer[], date: Date): Promise<string> {
  const blocks: string[] = []
  for (const signer of signers) blocks.push(endLine(await signer.signDetachedArmored(repomd, date)))
  const [leading = '', second] = blocks
  return second === undefined ? leading : [...blocks, leading].join('')
}

function signatureUpload(path: string, body: Uint8Array, caching: Upload['caching']): Upload {
  return { path, body, contentType: 'application/pgp-signature', caching }
}

function keyUpload(signers: readonly Signer[]): Upload {
  const body = Buffer.from(signers.map(({ publicKeyArmored }) => endLine(publicKeyArmored)).join(''), 'ascii')
  return { path: keyPath, body, contentType: 'application/pgp-keys', caching: 'entry' }
}

const endLine = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

/** A signature that is there must be right, in its own place or, after an interrupted publish, in the staged one. */
export async function checkSignature(
  storage: Storage,
  repomd: Uint8Array,
  { verifier, signal }: ReadOptions,
): Promise<EntrySignature> {
  const stored = await readSignature(storage, signaturePath, signal)
  if (verifier === undefined) return { status: stored === undefined ? 'absent' : 'unchecked' }
  const found = stored === undefined ? undefined : await verified(verifier, repomd, stored)
  if (found?.fingerprint !== undefined) return { status: 'verified', fingerprint: found.fingerprint }
  const staged = await readSignature(storage, stagedPath(repomd), signal)
  const rescued = staged === undefined ? undefined : await verified(verifier, repomd, staged)
  if (rescued?.fingerprint !== undefined) return { status: 'verified', fingerprint: rescued.fingerprint }
  if (found === undefined) return { status: 'absent' }
  throw new UserError('DNF_SIGNATURE_WRONG', `${signaturePath} does not prove ${repomdPath}: ${found.why}`, {
    hint: 'Do not publish over it before you know who wrote it. Trust the right key, or restore both files.',
    cause: found.cause,
  })
}

type Verified =
  | { readonly fingerprint: string }
  | { readonly fingerprint?: undefined; readonly why: string; readonly cause: unknown }

async function verified(
  verifier: SignatureVerifier,
  repomd: Uint8Array,
  signature: Uint8Array,
): Promise<Verified> {
  try {
    return { fingerprint: await verifier.verifyDetached(repomd, signature) }
  } catch (cause) {
    if (cause instanceof UserError) return { why: cause.message, cause }
    throw cause
  }
}

const signatureSizeMax = 1 << 20

async function readSignature(
  storage: Storage,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const object = await storage.get(path, { signal })
  if (object === undefined) return undefined
  if (object.sizeBytes > signatureSizeMax) {
    throw new UserError('DNF_SIGNATURE_TOO_LARGE', `"${path}" is larger than any signature.`, {
      hint: 'Find out who wrote it; restore the signature, or remove the file and publish again.',
    })
  }
  return object.bytes()
}

/**
 * What an interrupted publish left to be written beside the repomd.xml that is there. Only a signature that was made for
 * it is ever put in place: signing here would vouch for whatever somebody exchanged in the meantime.
 */
export async function staleSignature(
  storage: Storage,
  repomd: Uint8Array,
  { signers, verifier, signal }: RepairContext,
): Promise<readonly Upload[]> {
  const staged = await readSignature(storage, stagedPath(repomd), signal)
  const stored = await readSignature(storage, signaturePath, signal)
  if (staged === undefined) return []
  if (stored !== undefined && equal(stored, staged)) return staleKey(storage, signers, signal)
  if (verifier !== undefined) {
    // A signature by somebody else whom we trust comes with that one's key.
    if (stored !== undefined && isGood(await verified(verifier, repomd, stored))) return []
    if (!isGood(await verified(verifier, repomd, staged))) return []
  }
  // The key first: zypper verifies with whatever key it finds beside the signature.
  return [...(await staleKey(storage, signers, signal)), signatureUpload(signaturePath, staged, 'entry')]
}

const isGood = (result: Verified): boolean => result.fingerprint !== undefined

async function staleKey(
  storage: Storage,
  signers: readonly Signer[],
  signal: AbortSignal | undefined,
): Promise<readonly Upload[]> {
  if (signers.length === 0) return []
  const upload = keyUpload(signers)
  const stored = await readSignature(storage, keyPath, signal)
  const isCurrent = stored !== undefined && upload.body instanceof Uint8Array && equal(stored, upload.body)
  return isCurrent ? [] : [upload]
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
