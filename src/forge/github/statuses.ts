import { z } from 'zod'
import type { CommitStatus, Statuses } from '../forge-parts.ts'
import type { Connection } from './connection.ts'

const statusShape = z.object({
  context: z.string(),
  state: z.enum(['pending', 'success', 'failure', 'error']),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
})
const checkRunShape = z.object({
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  started_at: z.string().nullish(),
  completed_at: z.string().nullish(),
  details_url: z.string().nullish(),
  html_url: z.string().nullish(),
  output: z.object({ title: z.string().nullish() }).optional(),
})
const statusPage = z.object({ statuses: z.array(statusShape) }).transform(({ statuses }) => statuses)
const checkRunPage = z
  .object({ check_runs: z.array(checkRunShape) })
  .transform(({ check_runs: runs }) => runs)

/** GitHub cuts longer ones with an error. */
const descriptionMax = 140

export function statuses(connection: Connection): Statuses {
  const { repository } = connection
  return {
    ofCommit: async (commit) => {
      const short = commit.slice(0, 12)
      const reported = await connection.list(`reading the statuses of ${short}`, statusPage, (github, page) =>
        github.request('GET /repos/{owner}/{repo}/commits/{ref}/status', {
          ...repository,
          ref: commit,
          ...page,
        }),
      )
      const runs = await connection.list(`reading the check runs of ${short}`, checkRunPage, (github, page) =>
        github.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
          ...repository,
          ref: commit,
          filter: 'latest',
          ...page,
        }),
      )
      return newestOfEach([...reported.map(statusOf), ...runs.map(statusOfRun)])
    },
    report: async (commit, { context, state, description, url }) => {
      // The newest one of a context counts, so that a second one does no harm.
      await connection.set(`reporting the status "${context}"`, z.unknown(), (github) =>
        github.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
          ...repository,
          sha: commit,
          context,
          state,
          description: shortened(description),
          ...(url !== undefined && { target_url: url }),
        }),
      )
    },
  }
}

function statusOf(status: z.output<typeof statusShape>): CommitStatus {
  return {
    context: status.context,
    state: status.state,
    description: status.description ?? '',
    url: status.target_url ?? undefined,
    reportedAt: new Date(status.updated_at),
  }
}

const conclusions: { readonly [conclusion: string]: CommitStatus['state'] } = {
  success: 'success',
  neutral: 'success',
  skipped: 'success',
  failure: 'failure',
  timed_out: 'failure',
  action_required: 'failure',
  cancelled: 'error',
  startup_failure: 'error',
  stale: 'error',
}

function statusOfRun(run: z.output<typeof checkRunShape>): CommitStatus {
  const isEnded = run.status === 'completed'
  return {
    context: run.name,
    // A conclusion that is new to us is no success.
    state: isEnded ? (conclusions[run.conclusion ?? ''] ?? 'error') : 'pending',
    description: run.output?.title ?? (isEnded ? (run.conclusion ?? '') : run.status),
    url: run.html_url ?? run.details_url ?? undefined,
    reportedAt: new Date((isEnded ? run.completed_at : undefined) ?? run.started_at ?? 0),
  }
}

function newestOfEach(all: readonly CommitStatus[]): readonly CommitStatus[] {
  const newest = new Map<string, CommitStatus>()
  for (const status of all) {
    const known = newest.get(status.context)
    if (known === undefined || status.reportedAt >= known.reportedAt) newest.set(status.context, status)
  }
  return [...newest.values()]
}

const shortened = (text: string): string =>
  text.length <= descriptionMax ? text : `${text.slice(0, descriptionMax - 1)}…`
