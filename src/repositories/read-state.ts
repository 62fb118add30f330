import { Refusal, UserError } from '../errors.ts'
import type { SignatureVerifier, Signer } from '../signing/signer.ts'
import type { Storage } from '../storage/storage.ts'
import type { RepositoryFormat, RepositoryState } from './repository-format.ts'

export interface OpenRepository {
  readonly format: RepositoryFormat
  readonly storage: Storage
  readonly signers: readonly Signer[]
  /** Accepts the signers' keys and those that may have signed before (a key that is being replaced). */
  readonly verifier?: SignatureVerifier | undefined
  /** Take over what is there although its signature cannot be checked, or there is none. Digests are checked all the same. */
  readonly adopt?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TrustedState {
  readonly state: RepositoryState
  /** True: what is there is not vouched for by a key of ours yet, so that even an empty publish must write. */
  readonly mustSign: boolean
}

/**
 * The state that a publish may build on. Who signs an index vouches for every entry in it, so what an unknown key or
 * nobody signed is only taken over when the caller says so.
 */
export async function readTrusted(repository: OpenRepository): Promise<TrustedState> {
  const state = await readAdoptable(repository)
  const { signers, adopt = false, storage } = repository
  if (!state.exists) return { state, mustSign: true }
  const { status } = state.signature
  if (signers.length === 0) {
    if (status === 'absent') return { state, mustSign: state.entryVersion === undefined }
    throw unsignedError(storage)
  }
  if (status === 'verified') return { state, mustSign: state.entryVersion === undefined }
  if (!adopt) throw status === 'absent' ? nobodySignedError(storage) : uncheckedError(storage)
  return { state, mustSign: true }
}

async function readAdoptable(repository: OpenRepository): Promise<RepositoryState> {
  const { format, storage, verifier, adopt, signal } = repository
  try {
    return await format.read(storage, { verifier, signal })
  } catch (error) {
    if (adopt !== true || !isOfUnknownKey(error)) throw error
    return format.read(storage, { signal })
  }
}

/** A wrong signature of a key that we know means that somebody changed the repository: nothing to take over. */
function isOfUnknownKey(error: unknown): boolean {
  if (!(error instanceof UserError || error instanceof Refusal)) return false
  return error.code === 'SIGNATURE_UNTRUSTED' || isOfUnknownKey(error.cause)
}

const adoptHint =
  'If you want to take over this repository as it is, set "adopt: true" once; from then on your key vouches for every package in it.'

const nobodySignedError = (storage: Storage): Refusal =>
  new Refusal(
    'REPOSITORY_UNSIGNED',
    `The repository in ${storage.location} is not signed, so nobody vouches for what is in it.`,
    {
      hint: adoptHint,
    },
  )

export const uncheckedError = (storage: Storage): Refusal =>
  new Refusal(
    'REPOSITORY_SIGNATURE',
    `The repository in ${storage.location} is signed, but there is no key to check it with.`,
    {
      hint: `Name the public key that signed it. ${adoptHint}`,
    },
  )

const unsignedError = (storage: Storage): Refusal =>
  new Refusal(
    'REPOSITORY_SIGNATURE_LOSS',
    `The repository in ${storage.location} is signed, and this publish has no key: its clients would refuse the result.`,
    { hint: 'Give the repository a signing key.' },
  )
