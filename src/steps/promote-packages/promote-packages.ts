import { z } from 'zod'
import { Refusal } from '../../errors.ts'
import { hexOf } from '../../lib/digest.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { copyPackages } from '../../repositories/copy-packages.ts'
import { probeRepository, type RepositoryProbe } from '../../repositories/probe.ts'
import { verifyRepository } from '../../repositories/verify.ts'
import type { Approval } from '../../signing/attest/promotion.ts'
import { hasPromotionRecord, promotionRecordPath, writePromotionRecord } from '../promotion-records.ts'
import {
  openRepository,
  packageInputs,
  type RepositoryOptions,
  repositoryOptions,
} from '../publish-packages/open-repository.ts'
import { repositoryBroken, swapRefusal } from '../publish-packages/published.ts'
import { openSource } from '../source-repository.ts'
import { type Taken, takenBy } from './taken.ts'

type Options = RepositoryOptions & {
  readonly environment: string
  readonly source: RepositoryOptions
  readonly sourceEnvironment: string
  /** The step that took the packages. */
  readonly take: string
  /** The gate before it. */
  readonly gate?: { readonly id: string; readonly question: string } | undefined
  /** Given where there is no gate, because somebody types the command. */
  readonly approval?: Approval | undefined
}

type Result = {
  readonly location: string
  /** Path in the repository → sha256 in hex. */
  readonly packages: JsonObject
  /** Path of the record. */
  readonly record: string
}

interface Evidence {
  readonly found: RepositoryProbe
  readonly location: string
  readonly record: string
  readonly isRecorded: boolean
}

/** Copies packages to another repository by digest, inside the storage where it can, and writes down who let them. */
export const promotePackages: Step<Options, Result, Evidence> = {
  name: 'promote-packages',
  describe: 'Copies tested packages to the repository of the next environment, byte for byte.',
  options: z.object({
    ...repositoryOptions,
    environment: z.string(),
    source: z.object(repositoryOptions),
    sourceEnvironment: z.string(),
    take: z.string(),
    gate: z.object({ id: z.string(), question: z.string() }).optional(),
    approval: z
      .object({ question: z.string(), by: z.string(), reason: z.string(), at: z.string().optional() })
      .optional(),
  }),
  async probe(options, context) {
    const opened = await openRepository(options, context)
    const taken = takenBy(options.take, context)
    const inputs = await packageInputs([options.take], opened, context)
    const record = promotionRecordPath(opened, context.run, taken.packages)
    const evidence = {
      found: await probeRepository({ ...opened, inputs }),
      location: opened.storage.location,
      record,
      isRecorded: await hasPromotionRecord(opened, record),
    }
    return { state: 'present', evidence }
  },
  decide({ repository }, probe) {
    if (probe.state !== 'present') throw new Error('Reading a repository gives its state or throws')
    const { found, location, record, isRecorded } = probe.evidence
    const { missing, present, conflicting, isComplete } = found
    const [conflict] = conflicting
    if (conflict !== undefined) return swapRefusal(repository, conflict)
    if (missing.length === 0 && isComplete && isRecorded) {
      const summary = `${present.length} packages are promoted to "${repository}"`
      return { kind: 'keep', summary, result: { location, packages: digestsOf(present), record } }
    }
    return {
      kind: 'create',
      summary:
        missing.length === 0
          ? `finish the promotion to "${repository}"`
          : `promote ${missing.length} packages to "${repository}"`,
      detail: missing.map(({ path }) => path),
    }
  },
  async act(_change, options, context) {
    const opened = await openRepository(options, context)
    const taken = takenBy(options.take, context)
    const digests = new Set(taken.packages.map(({ digest }) => hexOf(digest)))
    const { project, version, commit, epoch } = context.run
    const date = new Date(epoch * 1000)
    const source = await openSource(options.source, context)
    const seen = new Set<string>()
    const { added, kept } = await copyPackages({
      from: source,
      to: { ...opened, date, cause: { project, version, commit } },
      wanted: ({ sha256 }) => digests.has(sha256) && seen.add(sha256) !== undefined,
      confirm: () => refuseMissing(taken, seen, options.source.repository),
    })
    const record = promotionRecordPath(opened, context.run, taken.packages)
    await writePromotionRecord(opened, record, promotionOf(options, taken, context), date)
    return { location: opened.storage.location, packages: digestsOf([...added, ...kept]), record }
  },
  async verify({ packages }, options, context) {
    const opened = await openRepository(options, context)
    const promoted = new Set(Object.values(packages))
    // Copied inside of the storage, they have not passed through this machine.
    const deep = ({ sha256 }: { readonly sha256: string }): boolean => promoted.has(sha256)
    const findings = await verifyRepository({ ...opened, deep, expect: packages })
    if (findings.length > 0) throw repositoryBroken(options.repository, findings)
  },
}

function promotionOf(options: Options, taken: Taken, { run, decisions = {} }: StepContext) {
  const { project, version, commit } = run
  return {
    ...{ project, version, commit },
    from: { environment: options.sourceEnvironment, repository: options.source.repository },
    to: { environment: options.environment, repository: options.repository },
    packages: taken.packages,
    approval: options.approval ?? approvalOf(options.gate, decisions),
    waiver: taken.waiver,
  }
}

function approvalOf(
  gate: Options['gate'],
  decisions: NonNullable<StepContext['decisions']>,
): Approval | undefined {
  const decision = gate === undefined ? undefined : decisions[gate.id]
  if (gate === undefined || decision === undefined) return undefined
  const { by, reason, at } = decision
  return { question: gate.question, by, reason, at }
}

function refuseMissing({ packages }: Taken, seen: ReadonlySet<string>, repository: string): void {
  const gone = packages.find(({ digest }) => !seen.has(hexOf(digest)))
  if (gone === undefined) return
  throw new Refusal(
    'PROMOTION_MOVED',
    `${gone.name} ${gone.version} for ${gone.architecture} is no longer in "${repository}" with the bytes that were taken.`,
    { hint: 'Somebody changed that repository meanwhile. Nothing was promoted; plan again.' },
  )
}

const digestsOf = (entries: RepositoryProbe['present']): JsonObject =>
  Object.fromEntries(entries.map(({ path, sha256 }) => [path, sha256]))
