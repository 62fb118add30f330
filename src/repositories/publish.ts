import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { ObjectVersion } from '../storage/storage.ts'
import { type ClientFilesRequest, clientUploads } from './client-files.ts'
import {
  checkNothingLost,
  compareEntries,
  swapError,
  type WantedPackage,
  withoutTwins,
} from './compare-entries.ts'
import { overlay } from './overlay.ts'
import { type OpenRepository, readTrusted } from './read-state.ts'
import type {
  PackageEntry,
  PackageInput,
  RenderedRepository,
  RepositoryFormat,
  RepositoryState,
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
  const wanted = await wantedPackages(request.format, request.additions, signal)
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const result = await attemptPublish(request, wanted, signal)
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

/** Undefined: somebody else was faster, so look again. */
async function attemptPublish(
  request: PublishRequest,
  wanted: readonly WantedPackage[],
  signal: AbortSignal,
): Promise<PublishResult | undefined> {
  const { state, mustSign } = await readTrusted(request)
  const { present, missing, conflicting } = compareEntries(state, wanted)
  const [conflict] = conflicting
  if (conflict !== undefined) throw swapError(conflict)
  if (missing.length > 0 || mustSign) {
    const isSwapped = await writeGeneration(request, state, missing, signal)
    if (!isSwapped) return undefined
  }
  const entryVersion = await settle(request, signal)
  return { added: missing.map(({ entry }) => entry), kept: present, entryVersion }
}

async function writeGeneration(
  { format, storage, signers, date }: PublishRequest,
  state: RepositoryState,
  missing: readonly WantedPackage[],
  signal: AbortSignal,
): Promise<boolean> {
  const inputs = missing.map(({ input }) => input)
  const rendered = await format.render(state, inputs, { signers, date, signal })
  await checkPreview(format, rendered, state, missing, overlay(storage, previewOf(rendered)), signal)

  await uploadContent(storage, rendered.content, signal)
  await uploadIndexes(storage, rendered.indexes, signal)
  const condition =
    state.entryVersion === undefined ? { ifAbsent: true as const } : { ifVersion: state.entryVersion }
  const result = await put(storage, rendered.entry, condition, signal)
  if (result.status === 'conflict') return false
  await uploadCompanions(storage, rendered.companions, signal)
  return true
}

// Later uploads of one path win, and the entry with its companions is what a reader starts with.
const previewOf = ({ indexes, entry, companions }: RenderedRepository) => [...indexes, entry, ...companions]

async function checkPreview(
  format: RepositoryFormat,
  rendered: RenderedRepository,
  before: RepositoryState,
  missing: readonly WantedPackage[],
  preview: OpenRepository['storage'],
  signal: AbortSignal,
): Promise<void> {
  const after = await format.read(preview, { signal })
  if (!after.exists) throw new Error(`The rendered repository cannot be found through ${rendered.entry.path}`)
  checkNothingLost(
    before,
    after,
    missing.map(({ entry }) => entry),
  )
}

/**
 * Brings everything that repeats the entry under overwritten names in line with the entry that stands now. Whoever
 * writes last looks last, so after racing or interrupted publishers the companions agree with the winner.
 */
async function settle(request: PublishRequest, signal: AbortSignal): Promise<ObjectVersion> {
  const { format, storage, signers, verifier } = request
  for (let round = 0; round < attemptsMax; round++) {
    const state = await format.read(storage, { signal })
    if (state.entryVersion === undefined) throw new Error('The entry vanished after it was published')
    const companions = await format.staleCompanions(storage, state, { signers, verifier, signal })
    const stale = [...companions]
    for (const upload of clientUploads(request)) {
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
