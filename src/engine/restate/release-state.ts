import type * as restate from '@restatedev/restate-sdk'
import type { Plan } from '../../pipeline/plan.ts'
import type { Run } from '../../pipeline/run.ts'
import type { RunRecord } from './run-hub.ts'

/**
 * The plan is written once, the rest with every change: each write goes through the log several times. Names of keys
 * may never change.
 */
const planKey = 'plan'
const progressKey = 'progress'

interface Progress {
  readonly run: Omit<Run, 'plan'>
  readonly revision: number
}

export async function readRecord(context: restate.ObjectSharedContext): Promise<RunRecord | undefined> {
  const progress = await context.get<Progress>(progressKey)
  const plan = await context.get<Plan>(planKey)
  if (progress === null || plan === null) return undefined
  return recordOf(progress, plan)
}

export function writeRecord(
  context: restate.ObjectContext,
  { run: { plan, ...run }, revision }: RunRecord,
  before: RunRecord | undefined,
): void {
  context.set(progressKey, { run, revision } satisfies Progress)
  if (before?.run.planDigest !== run.planDigest) context.set(planKey, plan)
}

const recordOf = ({ run, revision }: Progress, plan: Plan): RunRecord => ({ run: { ...run, plan }, revision })

/** One row of the query below. */
export interface StateRow {
  readonly service_name: string
  readonly service_key: string
  readonly key: string
  readonly value_utf8: string
}

export const stateQuery = (services: readonly string[]): string =>
  `select service_name, service_key, key, value_utf8 from state
   where key in ('${planKey}', '${progressKey}') and service_name in (${services.map((name) => `'${name}'`).join(', ')})`

/** The runs that the rows of a query hold together. */
export function runsOf(rows: readonly StateRow[]): Run[] {
  const plans = new Map<string, string>()
  for (const row of rows) if (row.key === planKey) plans.set(nameOf(row), row.value_utf8)
  return rows.flatMap((row) => {
    const plan = plans.get(nameOf(row))
    if (row.key !== progressKey || plan === undefined) return []
    return [recordOf(JSON.parse(row.value_utf8), JSON.parse(plan)).run]
  })
}

const nameOf = ({ service_name, service_key }: StateRow): string => `${service_name} ${service_key}`
