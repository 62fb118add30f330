import { basename } from 'node:path'
import { z } from 'zod'
import type { Json, JsonObject } from '../../lib/json.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import {
  openRepository,
  type RepositoryOptions,
  repositoryOptions,
} from '../publish-packages/open-repository.ts'
import { readTestRecords, writeTestRecord } from '../test-records.ts'

interface Published {
  readonly repository: RepositoryOptions
  /** The step that published in it. */
  readonly published: string
}

type Options = {
  readonly environment: string
  readonly repositories: readonly Published[]
  /** Steps that are tests; those that were skipped prove nothing. */
  readonly tests: readonly string[]
}

type Result = {
  readonly [key: string]: Json
  readonly passed: readonly string[]
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
      }),
    ),
    tests: z.array(z.string()).min(1),
  }),
  async probe(options, context) {
    return { state: 'present', evidence: await recorded(options, context) }
  },
  decide({ environment, tests }, probe, context) {
    if (probe.state !== 'present') throw new Error('Reading records gives what is there or throws')
    const { tested, missing } = probe.evidence
    const passed = passedIn(tests, context)
    if (passed.length === 0) {
      return {
        kind: 'refuse',
        code: 'TESTS_SKIPPED',
        message: `Every test of "${environment}" was skipped, so that nothing can be said of its packages.`,
        hint: 'Let one of them run, or promote without a test: hawser promote … --waive REASON.',
      }
    }
    const count = Object.keys(tested).length
    if (missing === 0) {
      const summary = `${count} packages are recorded as tested in "${environment}"`
      return { kind: 'keep', summary, result: { passed, tested } }
    }
    return { kind: 'create', summary: `record ${missing} packages as tested in "${environment}"` }
  },
  async act(_change, options, context) {
    const passed = passedIn(options.tests, context)
    const { environment } = options
    for (const { repository, published } of options.repositories) {
      const opened = await openRepository(repository, context)
      const packages = publishedBy(published, context)
      const known = await readTestRecords(
        opened,
        packages.map(({ sha256 }) => sha256),
        context.signal,
      )
      const missing = packages.filter((_, index) => known[index] === undefined)
      await mapLimited(
        missing,
        4,
        ({ path, sha256 }) =>
          writeTestRecord(
            opened,
            { name: basename(path), sha256 },
            { environment, passed, run: context.run },
          ),
        context.signal,
      )
    }
    const { tested } = await recorded(options, context)
    return { passed, tested }
  },
}

const passedIn = (tests: readonly string[], { results }: StepContext): readonly string[] =>
  tests.filter((id) => results[id] !== undefined)

async function recorded({ repositories }: Options, context: StepContext): Promise<Recorded> {
  const tested: Record<string, string> = {}
  let missing = 0
  for (const { repository, published } of repositories) {
    const opened = await openRepository(repository, context)
    const packages = publishedBy(published, context)
    const digests = packages.map(({ sha256 }) => sha256)
    const records = await readTestRecords(opened, digests, context.signal)
    for (const [index, { path }] of packages.entries()) {
      const record = records[index]
      if (record === undefined) missing++
      else tested[`${repository.repository}:${path}`] = record.digest
    }
  }
  return { tested, missing }
}

const publishedPackages = z.object({ packages: z.record(z.string(), z.string()) })

function publishedBy(step: string, { results }: StepContext) {
  const { packages } = publishedPackages.parse(results[step])
  return Object.entries(packages).map(([path, sha256]) => ({ path, sha256 }))
}
