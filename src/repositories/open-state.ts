import { Refusal, UserError } from '../errors.ts'
import type { SignatureVerifier, Signer } from '../signing/signer.ts'
import type { Storage } from '../storage/storage.ts'
import { formKinds, type IndexState } from './append/index-state.ts'
import { type Generation, type GenerationRef, readGeneration, readLatest } from './generation.ts'
import type { ListedBody, RepositoryEntry, RepositoryFormat } from './repository-format.ts'

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

export interface RepositoryState {
  /** Undefined: there is no repository here yet (absent, not unknown). */
  readonly entry: RepositoryEntry | undefined
  /**
   * The record that the entry names, when it fits what the entry lists. Undefined for an absent repository, and for one
   * that something else wrote: then its indexes have to be read.
   */
  readonly generation: Generation | undefined
  /** Of that record. It stays when the record turns out to be of no use after all, because the lookup table is damaged. */
  readonly ref: GenerationRef | undefined
  /** The last generation that anybody noted; what a foreign change is compared with. */
  readonly latest: GenerationRef | undefined
  /** What is there is not vouched for by a key of ours yet, or the options want more, so that even an empty publish must write. */
  readonly mustSign: boolean
}

/**
 * The state that a publish may build on. Who signs an index vouches for every package in it, so what an unknown key or
 * nobody signed is only taken over when the caller says so.
 */
export async function openState(repository: OpenRepository): Promise<RepositoryState> {
  const { format } = repository
  return readState(
    repository,
    async (entry) =>
      checkVouched(repository, entry) || (entry !== undefined && (await format.isOutdated?.(entry)) === true),
  )
}

/** The same for those who only take from it: a key that signs is not needed, a signature that is trusted is. */
export async function readTrustedState(repository: OpenRepository): Promise<RepositoryState> {
  return readState(repository, async (entry) => {
    if (entry !== undefined) checkTrusted(repository, entry)
    return false
  })
}

async function readState(
  repository: OpenRepository,
  check: (entry: RepositoryEntry | undefined) => Promise<boolean>,
): Promise<RepositoryState> {
  const { format, storage, signal, adopt = false } = repository
  // Before the entry: it is noted after the entry, so an entry that is read now is not older than what is noted.
  const latest = await readLatest(storage, format.folder, signal)
  const entry = await readAdoptable(repository)
  const mustSign = await check(entry)
  const nothing = { entry, generation: undefined, ref: undefined, latest, mustSign }
  const ref = entry?.generation
  if (entry === undefined || ref === undefined) return nothing
  if (latest !== undefined && ref.sequence < latest.sequence && !adopt)
    throw replayError(storage, ref, latest)
  const generation = await readGeneration(storage, format.folder, ref, signal)
  if (generation === undefined || !fits(format, entry, generation)) return nothing
  return { ...nothing, generation, ref }
}

/** The entry, trusted as far as its signature goes; for those who only read. */
export async function readAdoptable(repository: OpenRepository): Promise<RepositoryEntry | undefined> {
  const { format, storage, verifier, adopt, signal } = repository
  try {
    return await format.readEntry(storage, { verifier, signal })
  } catch (error) {
    if (adopt !== true || !isOfUnknownKey(error)) throw error
    return format.readEntry(storage, { signal })
  }
}

/** A wrong signature of a key that we know means that somebody changed the repository: nothing to take over. */
function isOfUnknownKey(error: unknown): boolean {
  if (!(error instanceof UserError || error instanceof Refusal)) return false
  return error.code === 'SIGNATURE_UNTRUSTED' || isOfUnknownKey(error.cause)
}

/** Whether a publish has to sign what is there already. */
function checkVouched(
  { signers, adopt = false, storage }: OpenRepository,
  entry: RepositoryEntry | undefined,
): boolean {
  if (entry === undefined) return true
  const { status } = entry.signature
  if (signers.length === 0) {
    if (status !== 'absent') throw unsignedError(storage)
    return entry.version === undefined
  }
  if (status === 'verified') return entry.version === undefined
  if (!adopt) throw status === 'absent' ? nobodySignedError(storage) : uncheckedError(storage)
  return true
}

function checkTrusted(
  { verifier, adopt = false, storage }: OpenRepository,
  { signature: { status } }: RepositoryEntry,
): void {
  if (status === 'verified' || adopt) return
  if (status === 'unchecked') throw uncheckedError(storage)
  if (verifier !== undefined) throw nobodySignedError(storage)
}

/** The record is only of use for exactly the indexes that the entry lists; another tool may have written since. */
function fits(format: RepositoryFormat, { indexes }: RepositoryEntry, generation: Generation): boolean {
  for (const name of indexes.keys()) {
    if (format.listsPackages(name) && !Object.hasOwn(generation.indexes, name)) return false
  }
  return Object.entries(generation.indexes).every(([name, state]) => {
    const listed = indexes.get(name)
    return listed !== undefined && isSameIndex(listed.forms, state)
  })
}

function isSameIndex(listed: ReadonlyMap<string, ListedBody>, state: IndexState): boolean {
  return formKinds.every((kind) => {
    const form = state.forms[kind]
    const body = listed.get(kind)
    if (form === undefined) return true
    return (
      body !== undefined &&
      body.sizeBytes === form.sizeBytes &&
      body.digests.sha256 !== undefined &&
      body.digests.sha256 === form.digests.sha256
    )
  })
}

const adoptHint =
  'If you want to take over this repository as it is, set "adopt: true" once; from then on your key vouches for every package in it.'

const nobodySignedError = (storage: Storage): Refusal =>
  new Refusal(
    'REPOSITORY_UNSIGNED',
    `The repository in ${storage.location} is not signed, so nobody vouches for what is in it.`,
    { hint: adoptHint },
  )

export const uncheckedError = (storage: Storage): Refusal =>
  new Refusal(
    'REPOSITORY_SIGNATURE',
    `The repository in ${storage.location} is signed, but there is no key to check it with.`,
    { hint: `Name the public key that signed it. ${adoptHint}` },
  )

const unsignedError = (storage: Storage): Refusal =>
  new Refusal(
    'REPOSITORY_SIGNATURE_LOSS',
    `The repository in ${storage.location} is signed, and this publish has no key: its clients would refuse the result.`,
    { hint: 'Give the repository a signing key.' },
  )

const replayError = (storage: Storage, found: GenerationRef, latest: GenerationRef): Refusal =>
  new Refusal(
    'REPOSITORY_REPLAY',
    `The entry file in ${storage.location} is of generation ${found.sequence}, but generation ${latest.sequence} was published: somebody put an old one back.`,
    {
      hint:
        'Publishing on it would lose the packages that came later. Restore the newest entry file; to go back on purpose, run ' +
        '"hawser repo rollback" after that. With "adopt: true" the state that is there is taken as it is.',
    },
  )
