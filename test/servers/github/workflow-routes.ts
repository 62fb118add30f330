import { createHash } from 'node:crypto'
import { type Answer, type Call, Denial, type Handlers, notFound, ok, page } from './exchange.ts'
import type { Json } from './openapi.ts'
import { nodeId } from './repository-shapes.ts'
import type { ScriptedWorkflow } from './workflow.ts'
import { cancelRun, repeatRun, startRun } from './workflow-runs.ts'
import { jobId, jobShape, runShape, workflowId, workflowShape } from './workflow-shapes.ts'
import type { RunState, World } from './world.ts'

const R = '/repos/{owner}/{repo}/actions'

export const workflowRoutes: Handlers = {
  [`GET ${R}/workflows`]: { needs: 'read', answer: workflows },
  [`GET ${R}/workflows/{workflow_id}`]: {
    needs: 'read',
    answer: (world, call) => ok(workflowShape(world, workflowOf(world, call))),
  },
  [`POST ${R}/workflows/{workflow_id}/dispatches`]: { needs: 'actions:write', answer: dispatch },
  [`GET ${R}/workflows/{workflow_id}/runs`]: {
    needs: 'read',
    answer: (world, call) => runs(world, call, workflowOf(world, call)),
  },
  [`GET ${R}/runs`]: { needs: 'read', answer: (world, call) => runs(world, call, undefined) },
  [`GET ${R}/runs/{run_id}`]: {
    needs: 'read',
    answer: (world, call) => ok(runShape(world, runOf(world, call))),
  },
  [`POST ${R}/runs/{run_id}/cancel`]: { needs: 'actions:write', answer: cancel },
  [`POST ${R}/runs/{run_id}/rerun`]: { needs: 'actions:write', answer: rerun },
  [`POST ${R}/runs/{run_id}/rerun-failed-jobs`]: { needs: 'actions:write', answer: rerun },
  [`GET ${R}/runs/{run_id}/jobs`]: { needs: 'read', answer: jobs },
  [`GET ${R}/runs/{run_id}/logs`]: { needs: 'read', answer: runLogs },
  [`GET ${R}/jobs/{job_id}/logs`]: { needs: 'read', answer: jobLog },
  [`GET ${R}/runs/{run_id}/artifacts`]: { needs: 'read', answer: artifacts },
  [`GET ${R}/artifacts/{artifact_id}/{archive_format}`]: { needs: 'read', answer: artifact },
}

/** By its id or by the name of its file. */
function workflowOf(world: World, { parameters: { workflow_id: asked } }: Call): ScriptedWorkflow {
  const found = world.settings.workflows.find(
    (workflow) => workflow.file === asked || String(workflowId(world, workflow)) === asked,
  )
  if (found === undefined) throw notFound()
  return found
}

function workflows(world: World, call: Call): Answer {
  const all = world.settings.workflows
  const { items, headers } = page(call, all, `${world.api}/actions/workflows`, world.switches.pageSizeMax)
  const json = { total_count: all.length, workflows: items.map((item) => workflowShape(world, item)) }
  return { status: 200, json, headers }
}

async function dispatch(world: World, call: Call): Promise<Answer> {
  const workflow = workflowOf(world, call)
  const ref = String(call.body['ref']).replace(/^refs\/(heads|tags)\//, '')
  const commit =
    (await world.git.resolve(`refs/heads/${ref}`)) ?? (await world.git.resolve(`refs/tags/${ref}`))
  if (commit === undefined) throw new Denial(422, `No ref found for: ${ref}`)
  const given = (call.body['inputs'] ?? {}) as { readonly [name: string]: Json }
  const unexpected = Object.keys(given).filter((name) => workflow.inputs?.includes(name) === false)
  if (unexpected.length > 0)
    throw new Denial(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`)
  const inputs = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]))
  const run = startRun(world, { workflow, branch: ref, commit, inputs, actor: call.viewer.login })
  if (call.body['return_run_details'] !== true) return { status: 204 }
  return ok({
    workflow_run_id: run.id,
    run_url: `${world.api}/actions/runs/${run.id}`,
    html_url: `${world.html}/actions/runs/${run.id}`,
  })
}

function runs(world: World, call: Call, workflow: ScriptedWorkflow | undefined): Answer {
  const { query } = call
  const status = query.get('status')
  const isWanted = (run: RunState): boolean =>
    (workflow === undefined || run.workflow === workflow) &&
    (status === null || status === run.status || status === run.conclusion) &&
    (query.get('event') ?? 'workflow_dispatch') === 'workflow_dispatch' &&
    (query.get('branch') ?? run.branch) === run.branch &&
    (query.get('actor') ?? run.actor) === run.actor &&
    (query.get('head_sha') ?? run.commit) === run.commit
  const found = world.listed(world.runs).filter(isWanted).toReversed()
  const { items, headers } = page(call, found, `${world.api}/actions/runs`, world.switches.pageSizeMax)
  const json = { total_count: found.length, workflow_runs: items.map((run) => runShape(world, run)) }
  return { status: 200, json, headers }
}

function runOf(world: World, { parameters: { run_id: asked } }: Call): RunState {
  const found = world.runs.find(({ id }) => String(id) === asked)
  if (found === undefined) throw notFound()
  return found
}

function cancel(world: World, call: Call): Answer {
  const run = runOf(world, call)
  if (run.status === 'completed') throw new Denial(409, 'Cannot cancel a workflow run that is completed.')
  cancelRun(world, run)
  return { status: 202, json: {} }
}

function rerun(world: World, call: Call): Answer {
  const run = runOf(world, call)
  if (run.status !== 'completed') throw new Denial(403, 'This workflow is already running')
  repeatRun(world, run)
  return { status: 201, json: {} }
}

function jobs(world: World, call: Call): Answer {
  const run = runOf(world, call)
  return ok({ total_count: 1, jobs: [jobShape(world, run)] })
}

/** Logs and archives are kept elsewhere; `storedFile` has them. */
const elsewhere = (world: World, path: string): Answer => ({
  status: 302,
  headers: { location: `${world.settings.storage}/storage/${path}` },
})

function runLogs(world: World, call: Call): Answer {
  const run = runOf(world, call)
  if (run.status !== 'completed') throw notFound()
  return elsewhere(world, `logs/${run.id}`)
}

function jobLog(world: World, { parameters: { job_id: asked } }: Call): Answer {
  const run = world.runs.find((one) => String(jobId(one)) === asked)
  if (run === undefined || run.status !== 'completed') throw notFound()
  return elsewhere(world, `job-log/${run.id}`)
}

function artifacts(world: World, call: Call): Answer {
  const run = runOf(world, call)
  const name = call.query.get('name')
  const all = run.artifacts.filter((one) => name === null || one.name === name)
  const address = `${world.api}/actions/runs/${run.id}/artifacts`
  const { items, headers } = page(call, all, address, world.switches.pageSizeMax)
  const shapes = items.map((one) => ({
    id: one.id,
    node_id: nodeId('Artifact', one.id),
    name: one.name,
    size_in_bytes: one.bytes.length,
    url: `${world.api}/actions/artifacts/${one.id}`,
    archive_download_url: `${world.api}/actions/artifacts/${one.id}/zip`,
    expired: false,
    digest: `sha256:${createHash('sha256').update(one.bytes).digest('hex')}`,
    ...{ created_at: one.createdAt, updated_at: one.createdAt, expires_at: null },
  }))
  return { status: 200, json: { total_count: all.length, artifacts: shapes }, headers }
}

function artifact(world: World, { parameters }: Call): Answer {
  const found = world.runs
    .flatMap((run) => run.artifacts)
    .find(({ id }) => String(id) === parameters['artifact_id'])
  if (found === undefined || parameters['archive_format'] !== 'zip') throw notFound()
  return elsewhere(world, `artifact/${found.id}`)
}
