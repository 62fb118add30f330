import { basename } from 'node:path'
import { z } from 'zod'
import type { Digest } from '../../lib/digest.ts'
import type { Json, JsonObject } from '../../lib/json.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import {
  type OpenedRepository,
  openRepository,
  type RepositoryOptions,
  repositoryOptions,
} from '../publish-packages/open-repository.ts'
import { readTestRecords, writeTestRecord } from '../test-records.ts'

interface Published {
  readonly repository: RepositoryOptions
  /** The step that published in it. */
  readonly published: string
  /** Steps and gates that are tests of it; those that were skipped prove nothing. */
  readonly tests: readonly string[]
}

type Options = {
  readonly environment: string
  readonly repositories: readonly Published[]
}

type Result = {
  readonly [key: string]: Json
  /** `repository:path` of each package → digest of the record that says that it was tested. */
  readonly tested: JsonObject
}

interface Recorded {
  readonly tested: { readonly [path: string]: string }
  readonly missing: number
}

/** Writes down, signed, which packages passed the tests of an environment; without it none is promoted from there. */
export const recordTests: Step<Options, Result, Recorded> = {
  name: 'record-tests',
  describe: 'Records which packages passed the tests of an environment, so that they can be promoted.',
  options: z.object({
    environment: z.string(),
    repositories: z.array(
      z.object({
        repository: z.object(repositoryOptions),
        published: z.string(),
        tests: z.array(z.string()).default([]),
      }),
    ),
  }),
  async probe(options, context) {
    return { state: 'present', evidence: await recorded(options, context) }
  },
  decide({ environment }, probe) {
    if (probe.state !== 'present') throw new Error('Reading records gives what is there or throws')
    const { tested, missing } = probe.evidence
    if (missing > 0) {
      return { kind: 'create', summary: `record ${missing} packages as tested in "${environment}"` }
    }
    const count = Object.keys(tested).length
    const summary =
      count === 0
        ? `no test in "${environment}" ran, so that nothing is recorded`
        : `${count} packages are recorded as tested in "${environment}"`
    return { kind: 'keep', summary, result: { tested } }
  },
  async act(_change, options, context) {
    const { environment } = options
    for (const one of await recordsOf(options, context)) {
      const tested = { environment, passed: one.passed, run: context.run }
      await mapLimited(
        one.missing,
        4,
        ({ path, sha256 }) => writeTestRecord(one.opened, { name: basename(path), sha256 }, tested),
        context.signal,
      )
    }
    return { tested: (await recorded(options, context)).tested }
  },
}

interface Records {
  readonly opened: OpenedRepository
  readonly passed: readonly string[]
  readonly tested: { readonly [path: string]: Digest }
  /** Packages without a record, where a test says that there should be one. */
  readonly missing: readonly Package[]
}

interface Package {
  readonly path: string
  readonly sha256: string
}

async function recordsOf({ repositories }: Options, context: StepContext): Promise<readonly Records[]> {
  const all: Records[] = []
  for (const { repository, published, tests } of repositories) {
    const opened = await openRepository(repository, context)
    const passed = passedIn(tests, context)
    const packages = publishedBy(published, context)
    const digests = packages.map(({ sha256 }) => sha256)
    const records = await readTestRecords(opened, digests, context.signal)
    const tested: Record<string, Digest> = {}
    for (const [index, { path }] of packages.entries()) {
      const record = records[index]
      if (record !== undefined) tested[`${repository.repository}:${path}`] = record.digest
    }
    const missing = passed.length === 0 ? [] : packages.filter((_, index) => records[index] === undefined)
    all.push({ opened, passed, tested, missing })
  }
  return all
}

async function recorded(options: Options, context: StepContext): Promise<Recorded> {
  const all = await recordsOf(options, context)
  return {
    tested: Object.assign({}, ...all.map(({ tested }) => tested)),
    missing: all.reduce((sum, { missing }) => sum + missing.length, 0),
  }
}

const passedIn = (tests: readonly string[], { results, decisions }: StepContext): readonly string[] =>
  tests.filter((id) => results[id] !== undefined || decisions?.[id] !== undefined)

const publishedPackages = z.object({ packages: z.record(z.string(), z.string()) })

function publishedBy(step: string, { results }: StepContext): readonly Package[] {
  const { packages } = publishedPackages.parse(results[step])
  return Object.entries(packages).map(([path, sha256]) => ({ path, sha256 }))
}
