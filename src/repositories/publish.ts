import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal, TransientError, UserError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { ObjectVersion, Storage } from '../storage/storage.ts'
import { type ClientFilesRequest, clientUploads } from './client-files.ts'
import {
  checkNothingLost,
  compareEntries,
  swapError,
  type WantedPackage,
  withoutTwins,
} from './compare-entries.ts'
import { overlay } from './overlay.ts'
import { type OpenRepository, readTrusted, uncheckedError } from './read-state.ts'
import type {
  PackageEntry,
  PackageInput,
  ReadOptions,
  RenderedRepository,
  RepositoryFormat,
  RepositoryState,
  Upload,
} from './repository-format.ts'
import { isStored, put, uploadCompanions, uploadContent, uploadIndexes } from './upload.ts'

export interface PublishRequest extends OpenRepository, ClientFilesRequest {
  readonly additions: readonly PackageInput[]
  /** Of the release, not of the clock: repeated, the publish gives the same bytes. */
  readonly date: Date
  /** 0 up to 1, for the pauses between attempts. */
  readonly random?: () => number
}

export interface PublishResult {
  readonly added: readonly PackageEntry[]
  /** Wanted, and there already with the same bytes. */
  readonly kept: readonly PackageEntry[]
  readonly entryVersion: ObjectVersion
}

/** Makes an empty repository, or does nothing when there is one. */
export function initRepository(request: Omit<PublishRequest, 'additions'>): Promise<PublishResult> {
  return publishPackages({ ...request, additions: [] })
}

// Every attempt that fails means that another publisher succeeded; so many in a row mean that something else is wrong.
const attemptsMax = 40

/**
 * Adds packages so that a reader sees the old repository or the new one: content, then indexes, then the one file that
 * names them, by compare-and-swap. Interrupted anywhere and repeated it ends with the same bytes.
 */
export async function publishPackages(request: PublishRequest): Promise<PublishResult> {
  const signal = request.signal ?? new AbortController().signal
  const client = clientUploads(request)
  const wanted = await wantedPackages(request.format, request.additions, signal)
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const result = await attemptPublish({ ...request, client }, wanted, signal)
    if (result !== undefined) return result
    const pauseMs = Math.min(2000, 10 * 2 ** attempt) * (request.random ?? Math.random)()
    await sleep(pauseMs, undefined, { signal })
  }
  throw new TransientError(
    'REPOSITORY_BUSY',
    `Others published to ${request.storage.location} ${attemptsMax} times in a row, each time just before us.`,
    { hint: 'Nothing is lost or half done. Run it again when fewer publishers are at work.' },
  )
}

export async function wantedPackages(
  format: RepositoryFormat,
  inputs: readonly PackageInput[],
  signal: AbortSignal,
): Promise<readonly WantedPackage[]> {
  const read = async (input: PackageInput): Promise<WantedPackage> => ({
    input,
    entry: await format.entryOf(input),
  })
  return withoutTwins(await mapLimited(inputs, 4, read, signal))
}

interface PreparedRequest extends PublishRequest {
  /** Made before anything is written, since it may be refused. */
  readonly client: readonly Upload[]
}

/** Undefined: somebody else was faster, so look again. */
async function attemptPublish(
  request: PreparedRequest,
  wanted: readonly WantedPackage[],
  signal: AbortSignal,
): Promise<PublishResult | undefined> {
  const { state, mustSign } = await readTrusted(request)
  const { present, missing, conflicting } = compareEntries(state, wanted)
  const [conflict] = conflicting
  if (conflict !== undefined) throw swapError(conflict)
  let trusted = state.entryVersion
  if (missing.length > 0 || mustSign) {
    trusted = await writeGeneration(request, state, missing, signal)
    if (trusted === undefined) return undefined
  }
  const entryVersion = await settle(request, trusted, signal)
  return { added: missing.map(({ entry }) => entry), kept: present, entryVersion }
}

/** The version of the entry that was written; undefined when somebody else was faster. */
async function writeGeneration(
  { format, storage, signers, verifier, date }: PublishRequest,
  state: RepositoryState,
  missing: readonly WantedPackage[],
  signal: AbortSignal,
): Promise<ObjectVersion | undefined> {
  const inputs = missing.map(({ input }) => input)
  const rendered = await format.render(state, inputs, { signers, date, signal })
  const preview = overlay(storage, previewOf(rendered))
  const after = await readPreview(format, preview, { verifier, signal })
  if (!after.exists) throw new Error(`The rendered repository cannot be found through ${rendered.entry.path}`)
  checkNothingLost(
    state,
    after,
    missing.map(({ entry }) => entry),
  )

  await uploadContent(storage, rendered.content, signal)
  await uploadIndexes(storage, rendered.indexes, signal)
  const condition =
    state.entryVersion === undefined ? { ifAbsent: true as const } : { ifVersion: state.entryVersion }
  const result = await put(storage, rendered.entry, condition, signal)
  if (result.status === 'conflict') return undefined
  await uploadCompanions(storage, rendered.companions, signal)
  return result.version
}

// Later uploads of one path win, and the entry with its companions is what a reader starts with.
const previewOf = ({ indexes, entry, companions }: RenderedRepository) => [...indexes, entry, ...companions]

/** What readers will see; found out before they can, also whether the next publish will accept our signature. */
async function readPreview(
  format: RepositoryFormat,
  preview: Storage,
  options: ReadOptions,
): Promise<RepositoryState> {
  try {
    return await format.read(preview, options)
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof UserError) || options.verifier === undefined)
      throw error
    // What is wrong without a verifier too is not about signatures.
    await format.read(preview, { signal: options.signal })
    throw new UserError(
      'REPOSITORY_KEY',
      'The keys that this repository trusts do not accept what its signing keys just signed, so the next publish would be refused.',
      { hint: 'Name the public part of every signing key among the trusted keys.', cause: error },
    )
  }
}

/**
 * Brings everything that repeats the entry under overwritten names in line with the entry that stands now. Whoever
 * writes last looks last, so after racing or interrupted publishers the companions agree with the winner.
 */
async function settle(
  request: PreparedRequest,
  trusted: ObjectVersion | undefined,
  signal: AbortSignal,
): Promise<ObjectVersion> {
  const { format, storage, signers, verifier } = request
  for (let round = 0; round < attemptsMax; round++) {
    const state = await format.read(storage, { verifier, signal })
    if (state.entryVersion === undefined) throw new Error('The entry vanished after it was published')
    // Companions are signed too: never sign what somebody else put there in the meantime.
    const isVouched = signers.length === 0 || state.signature.status === 'verified'
    if (!isVouched && state.entryVersion !== trusted) throw uncheckedError(storage)
    const companions = await format.staleCompanions(storage, state, { signers, verifier, signal })
    const stale = [...companions]
    for (const upload of request.client) {
      if (!(await isStored(storage, upload, signal))) stale.push(upload)
    }
    if (stale.length === 0) return state.entryVersion
    for (const upload of stale) await put(storage, upload, undefined, signal)
  }
  throw new TransientError(
    'REPOSITORY_BUSY',
    `Others keep changing ${storage.location}: its companion files do not come to agree with the entry.`,
    { hint: 'The packages are published. Run it again when fewer publishers are at work.' },
  )
}
