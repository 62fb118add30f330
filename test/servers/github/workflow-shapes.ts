import type { Json } from './openapi.ts'
import { minimalRepositoryShape, nodeId, userShape } from './repository-shapes.ts'
import type { ScriptedWorkflow } from './workflow.ts'
import type { RunState, World } from './world.ts'

export const workflowId = (world: World, workflow: ScriptedWorkflow): number =>
  101 + world.settings.workflows.indexOf(workflow)

export function workflowShape(world: World, workflow: ScriptedWorkflow): { [key: string]: Json } {
  const id = workflowId(world, workflow)
  return {
    id,
    node_id: nodeId('Workflow', id),
    name: workflow.name,
    path: `.github/workflows/${workflow.file}`,
    state: 'active',
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
    url: `${world.api}/actions/workflows/${id}`,
    html_url: `${world.html}/blob/main/.github/workflows/${workflow.file}`,
    badge_url: `${world.html}/workflows/${encodeURIComponent(workflow.name)}/badge.svg`,
  }
}

export function runShape(world: World, run: RunState): { [key: string]: Json } {
  const url = `${world.api}/actions/runs/${run.id}`
  const workflow = workflowId(world, run.workflow)
  return {
    id: run.id,
    node_id: nodeId('WorkflowRun', run.id),
    name: run.workflow.name,
    display_title: run.title,
    head_branch: run.branch,
    head_sha: run.commit,
    path: `.github/workflows/${run.workflow.file}`,
    run_number: run.number,
    run_attempt: run.attempt,
    run_started_at: run.startedAt,
    event: 'workflow_dispatch',
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: workflow,
    url,
    html_url: `${world.html}/actions/runs/${run.id}`,
    pull_requests: [],
    created_at: run.createdAt,
    updated_at: run.updatedAt,
    actor: userShape(world, run.actor),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${world.api}/check-suites/${run.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    workflow_url: `${world.api}/actions/workflows/${workflow}`,
    head_commit: null,
    repository: minimalRepositoryShape(world),
    head_repository: minimalRepositoryShape(world),
  }
}

/** Each run has one job, called like the workflow's file; each attempt has an id of its own. */
export const jobId = (run: RunState): number => run.id * 100 + run.attempt

export function jobShape(world: World, run: RunState): { [key: string]: Json } {
  const url = `${world.api}/actions/jobs/${jobId(run)}`
  return {
    id: jobId(run),
    run_id: run.id,
    run_url: `${world.api}/actions/runs/${run.id}`,
    run_attempt: run.attempt,
    node_id: nodeId('Job', jobId(run)),
    head_sha: run.commit,
    head_branch: run.branch,
    url,
    html_url: `${world.html}/actions/runs/${run.id}/job/${jobId(run)}`,
    status: run.status,
    conclusion: run.conclusion,
    created_at: run.createdAt,
    started_at: run.startedAt,
    completed_at: run.status === 'completed' ? run.updatedAt : null,
    name: run.workflow.file.replace(/\.ya?ml$/, ''),
    check_run_url: `${world.api}/check-runs/${jobId(run)}`,
    labels: ['ubuntu-latest'],
    ...{ runner_id: 1, runner_name: 'runner', runner_group_id: 1, runner_group_name: 'Default' },
    workflow_name: run.workflow.name,
    steps: [],
  }
}
