import { basename } from 'node:path'
import { z } from 'zod'
import type { ArtifactKind } from '../../artifacts/artifact.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { TransientError, UserError } from '../../errors.ts'
import type { Digest } from '../../lib/digest.ts'
import type { Json } from '../../lib/json.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { findPackages, type WantedPackage } from '../../repositories/find-packages.ts'
import type { PackageEntry } from '../../repositories/repository-format.ts'
import { type ArtifactsResult, isInDist, projectStore, putInDist } from '../artifacts.ts'
import {
  type OpenedRepository,
  type RepositoryOptions,
  repositoryOptions,
} from '../publish-packages/open-repository.ts'
import { openSource } from '../source-repository.ts'
import { readTestRecords } from '../test-records.ts'
import { type Waiver, waiver } from '../waiver.ts'
import { refusalOf } from './refusal.ts'
import type { Found, Staged } from './staged.ts'

type Options = {
  /** The repository that the packages are in. */
  readonly from: RepositoryOptions
  /** The environment that it belongs to. */
  readonly environment: string
  readonly packages: readonly WantedPackage[]
  readonly waiver?: Waiver | undefined
}

type Result = ArtifactsResult & {
  readonly [key: string]: Json
  readonly packages: readonly {
    readonly name: string
    readonly version: string
    readonly architecture: string
    readonly digest: Digest
    /** Of the record of its tests. */
    readonly tests?: Digest
  }[]
  readonly waiver?: Waiver
}

/** Chooses the packages of a release where they were tested, and brings their bytes here; nothing is built. */
export const takePackages: Step<Options, Result, Found> = {
  name: 'take-packages',
  describe: 'Takes tested packages of another environment, by digest.',
  options: z.object({
    from: z.object(repositoryOptions),
    environment: z.string(),
    packages: z.array(
      z.object({ name: z.string(), version: z.string().optional(), architecture: z.string() }),
    ),
    waiver: waiver.optional(),
  }),
  // dist/ is the run's own output.
  replacesUnseen: true,
  async probe({ from, packages }, context) {
    const opened = await openSource(from, context)
    const staged = await stagedIn(opened, packages, context)
    const store = await projectStore(context)
    return { state: 'present', evidence: { staged, isHere: await areHere(staged, store, context) } }
  },
  decide(options, probe) {
    if (probe.state !== 'present') throw new Error('Reading a repository gives its packages or throws')
    const { staged, isHere } = probe.evidence
    const refused = refusalOf(staged, { ...options, repository: options.from.repository })
    if (refused !== undefined) return refused
    const what = `${staged.length} packages of "${options.from.repository}"`
    const untested = staged.filter(({ tests }) => tests === undefined).map(labelOf)
    const tested = untested.length === 0 ? 'tested' : `not tested (waived): ${untested.join(', ')}`
    if (isHere)
      return {
        kind: 'keep',
        summary: `${what} are here; ${tested}`,
        result: resultOf(staged, options.waiver),
      }
    const detail = staged.map(({ entry: { path, sha256 } }) => `${path} sha256:${sha256}`)
    return { kind: 'create', summary: `take ${what}; ${tested}`, detail }
  },
  async act(_change, options, context) {
    const { from, packages } = options
    const opened = await openSource(from, context)
    const staged = await stagedIn(opened, packages, context)
    const store = await projectStore(context)
    await mapLimited(staged, 4, (one) => bring(one, opened, store, context), context.signal)
    return resultOf(staged, options.waiver)
  },
}

async function stagedIn(
  opened: OpenedRepository,
  packages: readonly WantedPackage[],
  { signal }: StepContext,
): Promise<readonly Staged[]> {
  const entries = await findPackages(opened, packages)
  const digests = entries.map(({ sha256 }) => sha256)
  const tests = await readTestRecords(opened, digests, signal)
  const kind = opened.format.packageFormat
  return entries.map((entry, index) => ({ entry, kind, tests: tests[index] })).toSorted(byPath)
}

const byPath = (a: Staged, b: Staged): number => (a.entry.path < b.entry.path ? -1 : 1)

const labelOf = ({ entry: { name, version, architecture } }: Staged): string =>
  `${name} ${version} ${architecture}`

const artifactOf = ({ path, sha256, sizeBytes }: PackageEntry, kind: ArtifactKind) => ({
  name: basename(path),
  kind,
  digest: `sha256:${sha256}` as const,
  sizeBytes,
})

/** A waiver that was not needed is not recorded. */
function resultOf(staged: readonly Staged[], waived: Waiver | undefined): Result {
  const isNeeded = staged.some(({ tests }) => tests === undefined)
  return {
    artifacts: staged.map(({ entry, kind }) => artifactOf(entry, kind)),
    packages: staged.map(({ entry: { name, version, architecture, sha256 }, tests }) => ({
      ...{ name, version, architecture },
      digest: `sha256:${sha256}` as const,
      ...(tests !== undefined && { tests: tests.digest }),
    })),
    ...(isNeeded && waived !== undefined && { waiver: waived }),
  }
}

async function areHere(
  staged: readonly Staged[],
  store: ArtifactStore,
  context: StepContext,
): Promise<boolean> {
  for (const { entry, kind } of staged) {
    const made = artifactOf(entry, kind)
    if (!(await store.has(made.digest)) || !(await isInDist(context, made))) return false
  }
  return true
}

async function bring(
  { entry, kind }: Staged,
  { storage }: OpenedRepository,
  store: ArtifactStore,
  context: StepContext,
): Promise<void> {
  const made = artifactOf(entry, kind)
  if (!(await store.has(made.digest))) {
    context.log(`fetching ${made.name}`)
    const stored = await storage.get(entry.path, { signal: context.signal })
    if (stored === undefined) throw goneError(entry.path, storage.location)
    const { digest: expected, sizeBytes: expectedSizeBytes } = made
    try {
      await store.add(stored.body(), { expected, expectedSizeBytes, signal: context.signal })
    } catch (error) {
      throw isOfOtherBytes(error) ? otherBytesError(entry, storage.location, error) : error
    }
  }
  await putInDist(context, store, made)
}

const isOfOtherBytes = (error: unknown): error is UserError =>
  error instanceof UserError && ['STORE_DIGEST_MISMATCH', 'STORE_SIZE_MISMATCH'].includes(error.code)

const otherBytesError = ({ path }: PackageEntry, location: string, cause: UserError): UserError =>
  new UserError(
    'PROMOTION_BYTES',
    `${path} in ${location} does not have the bytes that its index names, and that were tested.`,
    {
      hint: 'Somebody changed the file, or it is damaged: find out which. "hawser repo verify NAME --deep" reads all of them.',
      cause,
    },
  )

const goneError = (path: string, location: string): TransientError =>
  new TransientError('REPOSITORY_SOURCE_GONE', `${path} is listed in ${location}, but is not there.`, {
    hint: 'Run "hawser repo verify" on that repository.',
  })
