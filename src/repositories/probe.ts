import { type ClientFilesRequest, clientUploads } from './client-files.ts'
import { type Conflict, compareEntries } from './compare-entries.ts'
import { type OpenRepository, openState } from './open-state.ts'
import { findEntries, wantedPackages } from './publish.ts'
import type { PackageEntry, PackageInput } from './repository-format.ts'
import { isStored } from './upload.ts'

export interface ProbeRequest extends OpenRepository, ClientFilesRequest {
  readonly inputs: readonly PackageInput[]
}

export interface RepositoryProbe {
  readonly exists: boolean
  readonly present: readonly PackageEntry[]
  readonly missing: readonly PackageEntry[]
  /** There with other bytes: a publish would be refused. */
  readonly conflicting: readonly Conflict[]
  /** Besides packages there is nothing to do: signed by a key of ours, companions and client files in line. */
  readonly isComplete: boolean
}

/** Reads what a publish would find; throws when that cannot be known, and where a publish would refuse to build on it. */
export async function probeRepository(request: ProbeRequest): Promise<RepositoryProbe> {
  const { format, storage, inputs } = request
  const signal = request.signal ?? new AbortController().signal
  const wanted = await wantedPackages(format, inputs, signal)
  const state = await openState(request)
  const known = await findEntries(request, state, wanted, signal)
  const { present, missing, conflicting } = compareEntries(
    known,
    wanted,
    (entry) => format.indexesFor?.(state.entry, entry) ?? [],
  )
  const isComplete =
    state.entry !== undefined &&
    !state.mustSign &&
    (await format.staleCompanions(storage, state.entry, request)).length === 0 &&
    (await areClientFilesThere(request, signal))
  return {
    exists: state.entry !== undefined,
    present,
    missing: missing.map(({ entry }) => entry),
    conflicting,
    isComplete,
  }
}

async function areClientFilesThere(request: ProbeRequest, signal: AbortSignal): Promise<boolean> {
  for (const upload of clientUploads(request)) {
    if (!(await isStored(request.storage, upload, signal))) return false
  }
  return true
}
