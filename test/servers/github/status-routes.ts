import { type Answer, type Call, created, Denial, type Handlers, notFound, ok, page } from './exchange.ts'
import { commitNamed } from './git-routes.ts'
import type { Json } from './openapi.ts'
import { minimalRepositoryShape, nodeId, userShape } from './repository-shapes.ts'
import type { CheckRunState, StatusState, World } from './world.ts'

const R = '/repos/{owner}/{repo}'

export const statusRoutes: Handlers = {
  [`POST ${R}/statuses/{sha}`]: { needs: 'statuses:write', answer: createStatus },
  [`GET ${R}/commits/{ref}/statuses`]: { needs: 'read', answer: statuses },
  [`GET ${R}/commits/{ref}/status`]: { needs: 'read', answer: combined },
  [`GET ${R}/commits/{ref}/check-runs`]: { needs: 'read', answer: checkRuns },
  [`POST ${R}/check-runs`]: { needs: 'checks:write', answer: createCheckRun },
  [`GET ${R}/check-runs/{check_run_id}`]: {
    needs: 'read',
    answer: (world, call) => ok(checkRunShape(world, checkRunOf(world, call))),
  },
  [`PATCH ${R}/check-runs/{check_run_id}`]: { needs: 'checks:write', answer: updateCheckRun },
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

async function idOf(world: World, name = ''): Promise<string> {
  const id = await commitNamed(world, name)
  if (id === undefined) throw new Denial(422, `No commit found for SHA: ${name}`)
  return id
}

export interface NewStatus {
  readonly commit: string
  readonly context: string
  readonly state: StatusState['state']
  readonly description?: string | null
  readonly targetUrl?: string | null
  readonly creator?: string
}

export function addStatus(world: World, given: NewStatus): StatusState {
  const status: StatusState = {
    id: world.id(),
    commit: given.commit,
    context: given.context,
    state: given.state,
    description: given.description ?? null,
    targetUrl: given.targetUrl ?? null,
    creator: given.creator ?? 'build-bot',
    createdAt: world.time(),
  }
  world.statuses.push(status)
  world.emit('status', { sha: status.commit, ...statusShape(world, status) }, status.creator)
  return status
}

async function createStatus(world: World, { parameters, body, viewer }: Call): Promise<Answer> {
  const status = addStatus(world, {
    commit: await idOf(world, parameters['sha']),
    context: text(body['context']) ?? 'default',
    state: body['state'] as StatusState['state'],
    description: text(body['description']),
    targetUrl: text(body['target_url']),
    creator: viewer.login,
  })
  return created(statusShape(world, status))
}

function simpleStatusShape(world: World, status: StatusState): { [key: string]: Json } {
  return {
    url: `${world.api}/statuses/${status.commit}`,
    avatar_url: `${world.settings.origin}/${encodeURIComponent(status.creator)}.png`,
    id: status.id,
    node_id: nodeId('Status', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: status.createdAt,
    updated_at: status.createdAt,
  }
}

function statusShape(world: World, status: StatusState): { [key: string]: Json } {
  return { ...simpleStatusShape(world, status), creator: userShape(world, status.creator) }
}

function newestFirst(world: World, commit: string): readonly StatusState[] {
  return world.statuses.filter((status) => status.commit === commit).toReversed()
}

async function statuses(world: World, call: Call): Promise<Answer> {
  const id = await idOf(world, call.parameters['ref'])
  const address = `${world.api}/commits/${id}/statuses`
  const { items, headers } = page(call, newestFirst(world, id), address, world.switches.pageSizeMax)
  return { status: 200, json: items.map((status) => statusShape(world, status)), headers }
}

/** The newest of each context. */
async function combined(world: World, call: Call): Promise<Answer> {
  const id = await idOf(world, call.parameters['ref'])
  const newest = new Map<string, StatusState>()
  for (const status of newestFirst(world, id))
    if (!newest.has(status.context)) newest.set(status.context, status)
  const all = [...newest.values()]
  const address = `${world.api}/commits/${id}/status`
  const { items, headers } = page(call, all, address, world.switches.pageSizeMax)
  const json = {
    state: stateOf(all),
    statuses: items.map((status) => simpleStatusShape(world, status)),
    sha: id,
    total_count: all.length,
    repository: minimalRepositoryShape(world),
    commit_url: `${world.api}/commits/${id}`,
    url: address,
  }
  return { status: 200, json, headers }
}

function stateOf(all: readonly StatusState[]): string {
  if (all.some(({ state }) => state === 'failure' || state === 'error')) return 'failure'
  return all.length > 0 && all.every(({ state }) => state === 'success') ? 'success' : 'pending'
}

async function checkRuns(world: World, call: Call): Promise<Answer> {
  const id = await idOf(world, call.parameters['ref'])
  const name = call.query.get('check_name')
  const status = call.query.get('status')
  const all = world.checkRuns.filter(
    (run) =>
      run.commit === id && (name === null || run.name === name) && (status ?? run.status) === run.status,
  )
  // By default the newest of each name.
  const shown =
    call.query.get('filter') === 'all' ? all : [...new Map(all.map((run) => [run.name, run])).values()]
  const address = `${world.api}/commits/${id}/check-runs`
  const { items, headers } = page(call, shown, address, world.switches.pageSizeMax)
  const json = { total_count: shown.length, check_runs: items.map((run) => checkRunShape(world, run)) }
  return { status: 200, json, headers }
}

function checkRunOf(world: World, { parameters }: Call): CheckRunState {
  const found = world.checkRuns.find(({ id }) => String(id) === parameters['check_run_id'])
  if (found === undefined) throw notFound()
  return found
}

export type NewCheckRun = Pick<CheckRunState, 'commit' | 'name'> & Partial<Omit<CheckRunState, 'id'>>

export function addCheckRun(world: World, given: NewCheckRun): CheckRunState {
  const run: CheckRunState = {
    status: 'queued',
    conclusion: null,
    startedAt: world.time(),
    completedAt: null,
    detailsUrl: null,
    externalId: '',
    title: null,
    summary: null,
    ...given,
    id: world.id(),
  }
  world.checkRuns.push(run)
  world.emit('check_run', { action: 'created', check_run: checkRunShape(world, run) })
  return run
}

async function createCheckRun(world: World, call: Call): Promise<Answer> {
  const commit = await idOf(world, String(call.body['head_sha']))
  const run = addCheckRun(world, { commit, name: String(call.body['name']) })
  change(world, run, call)
  return created(checkRunShape(world, run))
}

function updateCheckRun(world: World, call: Call): Answer {
  const run = checkRunOf(world, call)
  change(world, run, call)
  return ok(checkRunShape(world, run))
}

function change(world: World, run: CheckRunState, { body }: Call): void {
  const { status, conclusion, output } = body
  if (typeof body['name'] === 'string') run.name = body['name']
  if (status === 'queued' || status === 'in_progress' || status === 'completed') run.status = status
  if (typeof conclusion === 'string') {
    run.conclusion = conclusion
    run.status = 'completed'
    run.completedAt = text(body['completed_at']) ?? world.time()
  }
  run.startedAt = text(body['started_at']) ?? run.startedAt
  run.detailsUrl = text(body['details_url']) ?? run.detailsUrl
  run.externalId = text(body['external_id']) ?? run.externalId
  if (typeof output === 'object' && output !== null && !Array.isArray(output)) {
    run.title = text(output['title'])
    run.summary = text(output['summary'])
  }
  if (run.status === 'completed')
    world.emit('check_run', { action: 'completed', check_run: checkRunShape(world, run) })
}

function checkRunShape(world: World, run: CheckRunState): { [key: string]: Json } {
  const url = `${world.api}/check-runs/${run.id}`
  return {
    id: run.id,
    head_sha: run.commit,
    node_id: nodeId('CheckRun', run.id),
    external_id: run.externalId,
    url,
    html_url: `${world.html}/runs/${run.id}`,
    details_url: run.detailsUrl,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      title: run.title,
      summary: run.summary,
      text: null,
      annotations_count: 0,
      annotations_url: `${url}/annotations`,
    },
    name: run.name,
    check_suite: { id: 1 },
    app: null,
    pull_requests: [],
  }
}
