import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { WorkflowRun, Workflows } from '../forge-parts.ts'
import { openStream } from './assets.ts'
import type { Connection } from './connection.ts'
import { createOnce, lookPatiently } from './create-once.ts'
import { GitHubError } from './errors.ts'

const runShape = z.object({
  id: z.number(),
  html_url: z.string(),
  head_sha: z.string(),
  display_title: z.string(),
  status: z.string().nullable(),
  conclusion: z.string().nullish(),
  run_attempt: z.number().optional(),
  run_started_at: z.string().optional(),
  created_at: z.string(),
})
const runsPage = z.object({ workflow_runs: z.array(runShape) }).transform(({ workflow_runs: runs }) => runs)
const jobsPage = z
  .object({ jobs: z.array(z.object({ id: z.number(), name: z.string(), status: z.string() })) })
  .transform(({ jobs }) => jobs)

type Run = z.output<typeof runShape>

/** The input that carries the key; the workflow has to show it: `run-name: … ${{ inputs.hawser_key }}`. */
const keyInput = 'hawser_key'
/** Runs come newest first, and ours is young. */
const pagesMax = 10
/** A dispatched run takes some seconds to be listed. */
const delaysMs = [0, 1000, 2000, 4000, 8000, 15_000]

export function workflows(connection: Connection): Workflows {
  const { repository } = connection
  const read = (id: number): Promise<Run | undefined> =>
    connection.find(`looking for the workflow run ${id}`, runShape, (github) =>
      github.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', { ...repository, run_id: id }),
    )
  return {
    dispatch: async ({ workflow, ref, inputs, key }) => {
      const look = () => findByKey(workflow, key, connection)
      // Twice, since a run that was started just before we died may not be listed yet.
      const before = await lookPatiently(connection, look, [0, 1500])
      if (before !== undefined) return runOf(before)
      const patiently = () => lookPatiently(connection, look, delaysMs)
      const started = await createOnce(connection, patiently, async () => {
        const id = await dispatch({ workflow, ref, inputs: { ...inputs, [keyInput]: key } }, connection)
        const found = await lookPatiently(connection, () => (id === undefined ? look() : read(id)), delaysMs)
        // Whoever looks for it after us finds it by its name alone.
        if (found === undefined || !hasWord(found.display_title, key)) throw notSeen(workflow, key)
        return found
      })
      return runOf(started)
    },
    find: async (id) => {
      const found = await read(Number(id))
      return found && runOf(found)
    },
    cancel: async (id) => {
      try {
        await connection.set(`cancelling the workflow run ${id}`, z.unknown(), (github) =>
          github.request('POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel', {
            ...repository,
            run_id: Number(id),
          }),
        )
      } catch (error) {
        // 409: it has ended.
        if (!(error instanceof GitHubError) || error.status !== 409) throw error
      }
    },
    logs: async (id) => logsOf(id, connection),
  }
}

/** The id of the run, where GitHub tells it (since 2026). */
async function dispatch(
  request: {
    readonly workflow: string
    readonly ref: string
    readonly inputs: { readonly [name: string]: string }
  },
  connection: Connection,
): Promise<number | undefined> {
  const { workflow, ref, inputs } = request
  const shape = z.object({ workflow_run_id: z.number() }).optional().catch(undefined)
  try {
    const run = await connection.write(`starting the workflow "${workflow}"`, shape, (github) =>
      github.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
        ...connection.repository,
        workflow_id: workflow,
        ref,
        inputs,
        return_run_details: true,
      }),
    )
    return run?.workflow_run_id
  } catch (error) {
    if (!(error instanceof GitHubError) || error.status !== 422) throw error
    throw new UserError('WORKFLOW_NOT_STARTED', error.message, {
      hint: `The workflow needs "on: workflow_dispatch" on the branch "${ref}", with the inputs ${Object.keys(inputs).join(', ')}, and "run-name: \${{ inputs.${keyInput} }}".`,
      cause: error,
    })
  }
}

async function findByKey(workflow: string, key: string, connection: Connection): Promise<Run | undefined> {
  const runs = await runsOf(workflow, connection)
  // Two that were started for one key: the first one is the one that everybody finds.
  return runs.filter(({ display_title: title }) => hasWord(title, key)).toSorted((a, b) => a.id - b.id)[0]
}

async function runsOf(workflow: string, connection: Connection): Promise<Run[]> {
  const what = `looking for runs of the workflow "${workflow}"`
  try {
    return await connection.list(
      what,
      runsPage,
      (github, page) =>
        github.request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
          ...connection.repository,
          workflow_id: workflow,
          event: 'workflow_dispatch',
          ...page,
        }),
      pagesMax,
    )
  } catch (error) {
    if (!(error instanceof GitHubError) || error.status !== 404) throw error
    await connection.checkRepository()
    throw new UserError(
      'WORKFLOW_NOT_FOUND',
      `The repository ${connection.name} has no workflow "${workflow}".`,
      {
        hint: 'Name its file in .github/workflows of the default branch, such as "e2e.yaml". The token needs the permission actions=write.',
        cause: error,
      },
    )
  }
}

/** "e2e-1" is not in "e2e-10". */
function hasWord(text: string, word: string): boolean {
  const isPart = (character: string | undefined): boolean =>
    character !== undefined && /[\w.-]/.test(character)
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!isPart(text[at - 1]) && !isPart(text[at + word.length])) return true
  }
  return false
}

function runOf(run: Run): WorkflowRun {
  return {
    id: String(run.id),
    url: run.html_url,
    commit: run.head_sha,
    state: stateOf(run),
    attempt: run.run_attempt ?? 1,
    startedAt: new Date(run.run_started_at ?? run.created_at),
  }
}

function stateOf({ status, conclusion }: Run): WorkflowRun['state'] {
  if (status === 'in_progress') return 'running'
  if (status !== 'completed') return 'queued'
  if (conclusion === 'success') return 'succeeded'
  return conclusion === 'cancelled' ? 'cancelled' : 'failed'
}

/** Job by job, as far as they have ended: GitHub gives no logs of running ones. */
async function* logsOf(id: string, connection: Connection): AsyncGenerator<Uint8Array> {
  const { owner, repo } = connection.repository
  const jobs = await connection.list(`listing the jobs of the run ${id}`, jobsPage, (github, page) =>
    github.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', {
      ...connection.repository,
      run_id: Number(id),
      filter: 'latest',
      ...page,
    }),
  )
  const base = connection.baseUrl.href.replace(/\/?$/, '/')
  for (const job of jobs.filter(({ status }) => status === 'completed')) {
    const path = `repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}/actions/jobs/${job.id}/logs`
    yield Buffer.from(`== ${job.name}\n`)
    try {
      yield* await openStream(connection, new URL(path, base), '*/*', `reading the log of "${job.name}"`)
    } catch (error) {
      // Logs are deleted after some time; a skipped job has none.
      if (!(error instanceof GitHubError) || (error.status !== 404 && error.status !== 410)) throw error
      yield Buffer.from('(no log)\n')
    }
  }
}

/** Nothing that repeats by itself: the workflow would be started again and again. */
function notSeen(workflow: string, key: string): UserError {
  return new UserError(
    'WORKFLOW_RUN_NOT_SEEN',
    `The workflow "${workflow}" was started, but no run of it has "${key}" in its name.`,
    {
      hint: `Write in the workflow: run-name: "… \${{ inputs.${keyInput} }}". If it has that, GitHub is slow: "hawser resume" finds the run.`,
    },
  )
}
