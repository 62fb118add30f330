import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../errors.ts'
import { mapLimited } from '../lib/limit.ts'
import type { ObjectVersion } from '../storage/storage.ts'
import { IndexStateError } from './append/index-state.ts'
import { type Base, baseOf, emptyBase } from './base.ts'
import { type ClientFilesRequest, clientUploads } from './client-files.ts'
import { type Committed, commitGeneration, noteLatest } from './commit.ts'
import { compareEntries, swapError, withoutTwins } from './compare-entries.ts'
import { extendBase } from './extend.ts'
import { type FoundEntries, findByLookup, findByReading } from './find-entries.ts'
import type { Cause } from './generation.ts'
import { LookupDamagedError } from './lookup/node.ts'
import { type OpenRepository, openState, type RepositoryState } from './open-state.ts'
import { rebuildBase } from './rebuild.ts'
import type { Addition, PackageEntry, PackageInput, RepositoryFormat, Upload } from './repository-format.ts'
import { settle } from './settle.ts'

export interface PublishRequest extends OpenRepository, ClientFilesRequest {
  readonly additions: readonly PackageInput[]
  /** Of the release, not of the clock: repeated, the publish gives the same bytes. */
  readonly date: Date
  /** For the history: who publishes what. */
  readonly cause?: Omit<Cause, 'kind'> | undefined
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

/**
 * Adds packages so that a reader sees the old repository or the new one: content, then indexes, then the one file that
 * names them, by compare-and-swap. Interrupted anywhere and repeated it ends with the same bytes.
 */
export async function publishPackages(request: PublishRequest): Promise<PublishResult> {
  const signal = request.signal ?? new AbortController().signal
  const wanted = await wantedPackages(request.format, request.additions, signal)
  return publishAdditions(request, wanted, 'publish', signal)
}

/** The same for packages that are read already, as those of another repository. */
export async function publishAdditions(
  request: Omit<PublishRequest, 'additions'>,
  wanted: readonly Addition[],
  kind: Cause['kind'],
  signal: AbortSignal,
): Promise<PublishResult> {
  const prepared = { ...request, kind, client: clientUploads(request), uploaded: new Set<string>() }
  return racing(request, signal, () => attemptPublish(prepared, wanted, signal))
}

export async function wantedPackages(
  format: RepositoryFormat,
  inputs: readonly PackageInput[],
  signal: AbortSignal,
): Promise<readonly Addition[]> {
  return withoutTwins(await mapLimited(inputs, 4, (input) => format.prepare(input), signal))
}

// Every attempt that fails means that another publisher succeeded; half an hour of that means that something else is wrong.
const raceLimitMs = 30 * 60_000
const pauseMaxMs = 20_000

/** Repeats what lost a race, after a pause by `pauseWindowMs`, so that dozens of rivals get through one after the other. */
export async function racing<Result>(
  { storage, random = Math.random }: Pick<PublishRequest, 'storage' | 'random'>,
  signal: AbortSignal,
  attempt: () => Promise<Result | undefined>,
): Promise<Result> {
  const start = performance.now()
  for (let lost = 0; ; lost++) {
    const began = performance.now()
    const result = await attempt()
    if (result !== undefined) return result
    const now = performance.now()
    if (now - start > raceLimitMs) throw busyError(storage.location, lost + 1)
    await sleep(pauseWindowMs(lost + 1, now - began) * random(), undefined, { signal })
  }
}

/**
 * The longest pause after so many lost races. It is counted in attempts, since rivals slow each other down; grows at first, so
 * that fewer of them try at once, and shrinks for who has waited long, so that nobody waits for ever.
 */
export function pauseWindowMs(lost: number, attemptMs: number): number {
  const exponent = lost <= 5 ? lost : Math.max(0, 5 - (lost - 5) / 4)
  // The first attempt may have uploaded packages, which later ones need not.
  return Math.min(pauseMaxMs, Math.max(10, attemptMs) * 2 ** (exponent - 1))
}

const busyError = (location: string, attempts: number): TransientError =>
  new TransientError(
    'REPOSITORY_BUSY',
    `Others published to ${location} ${attempts} times in a row, each time just before us.`,
    { hint: 'Nothing is lost or half done. Run it again when fewer publishers are at work.' },
  )

interface PreparedRequest extends Omit<PublishRequest, 'additions'> {
  readonly kind: Cause['kind']
  /** Made before anything is written, since it may be refused. */
  readonly client: readonly Upload[]
  readonly uploaded: Set<string>
}

/** Undefined: somebody else was faster, so look again. */
async function attemptPublish(
  request: PreparedRequest,
  wanted: readonly Addition[],
  signal: AbortSignal,
): Promise<PublishResult | undefined> {
  const state = await openState(request)
  const known = await unlessDamaged(state, (usable) => findEntries(request, usable, wanted, signal))
  const { present, missing, conflicting } = compareEntries(
    known,
    wanted,
    (entry) => request.format.indexesFor?.(state.entry, entry) ?? [],
  )
  const [conflict] = conflicting
  if (conflict !== undefined) throw swapError(conflict)
  let version = state.entry?.version
  if (missing.length > 0 || state.mustSign) {
    const committed = await unlessDamaged(state, (usable) =>
      writeGeneration(request, usable, missing, signal),
    )
    if (committed === undefined) return undefined
    version = committed.version
  } else if (state.ref !== undefined && state.ref.sequence > (state.latest?.sequence ?? 0)) {
    // Whoever published it died before it was noted.
    await noteLatest(request.storage, request.format.folder, state.ref, signal)
  }
  const entryVersion = await settle(request, version, signal)
  return { added: missing.map(({ entry }) => entry), kept: present, entryVersion }
}

/** What the repository lists under the identities of the wanted packages. */
export async function findEntries(
  { format, storage, verifier }: OpenRepository,
  { entry, generation }: RepositoryState,
  wanted: readonly Addition[],
  signal: AbortSignal,
): Promise<FoundEntries> {
  const entries = wanted.map((addition) => addition.entry)
  if (entry === undefined || entries.length === 0) return new Map()
  if (generation === undefined) return findByReading(format, storage, entry, entries, { verifier, signal })
  return findByLookup(storage, format.folder, generation, entries, signal)
}

/** Records that are damaged are worth nothing, and can be made again from the indexes. */
async function unlessDamaged<Result>(
  state: RepositoryState,
  use: (state: RepositoryState) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(state)
  } catch (error) {
    const isDamage = error instanceof LookupDamagedError || error instanceof IndexStateError
    if (!isDamage || state.generation === undefined) throw error
    return use({ ...state, generation: undefined })
  }
}

async function writeGeneration(
  request: PreparedRequest,
  state: RepositoryState,
  missing: readonly Addition[],
  signal: AbortSignal,
): Promise<Committed | undefined> {
  const { format, storage, verifier, date, cause } = request
  const { entry, generation } = state
  const start = await baseToExtend(request, state, signal)
  const counts = new Map([...start.indexes].map(([name, { count }]) => [name, count]))
  const placements = await format.place(entry, missing, {
    storage,
    counts,
    isSigned: request.signers.length > 0,
    verifier,
    signal,
  })
  const { base, staged } = await extendBase({ format, storage, entry, base: start, placements, signal })
  const isAdopted = entry !== undefined && generation === undefined
  const added = missing.map((addition) => addition.entry)
  const kind = isAdopted ? 'adopt' : kindOf(request, state, added)
  const next = { base, cause: { ...cause, kind }, added, removed: [], date: wholeSeconds(date) }
  return commitGeneration({ ...request, state, next, additions: missing, staged }, signal)
}

function kindOf(
  { kind }: PreparedRequest,
  { entry }: RepositoryState,
  added: readonly PackageEntry[],
): Cause['kind'] {
  return entry === undefined && added.length === 0 ? 'init' : kind
}

export async function baseToExtend(
  repository: OpenRepository,
  state: RepositoryState,
  signal: AbortSignal,
): Promise<Base> {
  if (state.entry === undefined) return emptyBase
  if (state.generation !== undefined) return baseOf(state.generation)
  return rebuildBase(repository, state, signal)
}

export const wholeSeconds = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000)
