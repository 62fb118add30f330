import { commitShape } from './commit-shapes.ts'
import {
  type Answer,
  type Call,
  created,
  Denial,
  type Handlers,
  invalid,
  notFound,
  ok,
  page,
} from './exchange.ts'
import { commitNamed } from './git-routes.ts'
import { tellPull } from './pull-events.ts'
import { pullShape, reviewShape, wholePullShape } from './pull-shapes.ts'
import { closePull, mergePull, reviewPull } from './pulls.ts'
import type { PullState, World } from './world.ts'

const R = '/repos/{owner}/{repo}'

export const pullRoutes: Handlers = {
  [`GET ${R}/pulls`]: { needs: 'read', answer: list },
  [`POST ${R}/pulls`]: { needs: 'pull_requests:write', answer: create },
  [`GET ${R}/pulls/{pull_number}`]: {
    needs: 'read',
    answer: (world, call) => ok(wholePullShape(world, pullOf(world, call))),
  },
  [`PATCH ${R}/pulls/{pull_number}`]: { needs: 'pull_requests:write', answer: update },
  [`PUT ${R}/pulls/{pull_number}/merge`]: { needs: 'contents:write', answer: merge },
  [`GET ${R}/pulls/{pull_number}/merge`]: { needs: 'read', answer: isMerged },
  [`GET ${R}/pulls/{pull_number}/commits`]: { needs: 'read', answer: commitsOf },
  [`GET ${R}/pulls/{pull_number}/files`]: { needs: 'read', answer: filesOf },
  [`GET ${R}/pulls/{pull_number}/reviews`]: { needs: 'read', answer: reviews },
  [`POST ${R}/pulls/{pull_number}/reviews`]: { needs: 'pull_requests:write', answer: review },
  [`GET ${R}/commits/{commit_sha}/pulls`]: { needs: 'read', answer: ofCommit },
}

export function pullOf(world: World, { parameters }: Call): PullState {
  const number = parameters['pull_number'] ?? parameters['issue_number']
  const found = world.pulls.find((pull) => String(pull.number) === number)
  if (found === undefined) throw notFound()
  return found
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function list(world: World, call: Call): Answer {
  const { query } = call
  const state = query.get('state') ?? 'open'
  const [owner, branch] = (query.get('head') ?? '').split(':')
  const isWanted = (pull: PullState): boolean =>
    (state === 'all' || pull.state === state) &&
    // Without the owner before it, `head` filters nothing.
    (branch === undefined || (owner === world.settings.owner && pull.head === branch)) &&
    (!query.has('base') || pull.base === query.get('base'))
  const found = world.listed(world.pulls).filter(isWanted)
  const key = query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
  const rising = found.toSorted((a, b) => a[key].localeCompare(b[key]) || a.number - b.number)
  const isRising = (query.get('direction') ?? (query.has('sort') ? 'asc' : 'desc')) === 'asc'
  const sorted = isRising ? rising : rising.toReversed()
  const { items, headers } = page(call, sorted, `${world.api}/pulls`, world.switches.pageSizeMax)
  return { status: 200, json: items.map((pull) => pullShape(world, pull)), headers }
}

async function create(world: World, { body, viewer }: Call): Promise<Answer> {
  const head = text(body['head']).replace(`${world.settings.owner}:`, '')
  const base = text(body['base'])
  const [headCommit, baseCommit] = [
    await world.git.resolve(`refs/heads/${head}`),
    await world.git.resolve(`refs/heads/${base}`),
  ]
  if (headCommit === undefined) throw invalid({ resource: 'PullRequest', field: 'head', code: 'invalid' })
  if (baseCommit === undefined) throw invalid({ resource: 'PullRequest', field: 'base', code: 'invalid' })
  const refuse = (message: string) => invalid({ resource: 'PullRequest', code: 'custom', message })
  if (world.pulls.some((pull) => pull.state === 'open' && pull.head === head && pull.base === base))
    throw refuse(`A pull request already exists for ${world.settings.owner}:${head}.`)
  if (await world.git.isAncestor(headCommit, baseCommit))
    throw refuse(`No commits between ${base} and ${head}`)
  const pull: PullState = {
    ...world.lagging(),
    id: world.id(),
    number: world.nextNumber(),
    title: text(body['title']),
    body: typeof body['body'] === 'string' ? body['body'] : null,
    state: 'open',
    author: viewer.login,
    head,
    base,
    headCommit,
    baseCommit,
    labels: [],
    isDraft: body['draft'] === true,
    createdAt: world.time(),
    updatedAt: world.time(),
    closedAt: null,
    mergedAt: null,
    mergedBy: null,
    mergeCommit: null,
    commits: [],
    reviews: [],
  }
  world.pulls.push(pull)
  tellPull(world, pull, { action: 'opened', sender: viewer.login })
  return created(wholePullShape(world, pull))
}

function update(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  const { title, body, state, base } = call.body
  if (typeof title === 'string') pull.title = title
  if (typeof body === 'string') pull.body = body
  if (typeof base === 'string') pull.base = base
  pull.updatedAt = world.time()
  if (state === 'closed' && pull.state === 'open') closePull(world, pull)
  if (state === 'open' && pull.state === 'closed') reopen(world, pull)
  return ok(wholePullShape(world, pull))
}

function reopen(world: World, pull: PullState): void {
  if (pull.mergedAt !== null)
    throw invalid({
      resource: 'PullRequest',
      code: 'custom',
      message: 'A merged pull request cannot be opened again.',
    })
  pull.state = 'open'
  pull.closedAt = null
  tellPull(world, pull, { action: 'reopened' })
}

async function merge(world: World, call: Call): Promise<Answer> {
  const pull = pullOf(world, call)
  if (pull.state !== 'open') throw new Denial(405, 'Pull Request is not mergeable')
  const { sha, merge_method: method, commit_title: title } = call.body
  if (typeof sha === 'string' && sha !== pull.headCommit)
    throw new Denial(409, 'Head branch was modified. Review and try the merge again.')
  const way = method === 'squash' || method === 'rebase' ? method : 'merge'
  const more = typeof title === 'string' ? { title } : {}
  const id = await mergePull(world, pull, { method: way, by: call.viewer.login, ...more })
  if (id === undefined) throw new Denial(405, 'Pull Request is not mergeable')
  return ok({ sha: id, merged: true, message: 'Pull Request successfully merged' })
}

function isMerged(world: World, call: Call): Answer {
  if (pullOf(world, call).mergedAt === null) throw notFound()
  return { status: 204 }
}

async function commitsOf(world: World, call: Call): Promise<Answer> {
  const pull = pullOf(world, call)
  const all = await world.git.log(['--reverse', `${pull.baseCommit}..${pull.headCommit}`])
  const address = `${world.api}/pulls/${pull.number}/commits`
  const { items, headers } = page(call, all, address, world.switches.pageSizeMax)
  return { status: 200, json: items.map((item) => commitShape(world, item)), headers }
}

const fileStates: { readonly [letter: string]: string } = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  T: 'changed',
}

async function filesOf(world: World, call: Call): Promise<Answer> {
  const pull = pullOf(world, call)
  const args = ['diff', '--no-renames', '--name-status', `${pull.baseCommit}...${pull.headCommit}`]
  const lines = (await world.git.git(args)).split('\n').filter((line) => line !== '')
  const address = `${world.api}/pulls/${pull.number}/files`
  const { items, headers } = page(call, lines, address, world.switches.pageSizeMax)
  const json = items.map((line) => {
    const [letter = 'M', name = ''] = line.split('\t')
    return {
      sha: null,
      filename: name,
      status: fileStates[letter] ?? 'modified',
      ...{ additions: 1, deletions: 0, changes: 1 },
      blob_url: `${world.html}/blob/${pull.headCommit}/${name}`,
      raw_url: `${world.html}/raw/${pull.headCommit}/${name}`,
      contents_url: `${world.api}/contents/${name}?ref=${pull.headCommit}`,
    }
  })
  return { status: 200, json, headers }
}

function reviews(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  const address = `${world.api}/pulls/${pull.number}/reviews`
  const { items, headers } = page(call, pull.reviews, address, world.switches.pageSizeMax)
  return { status: 200, json: items.map((item) => reviewShape(world, pull, item)), headers }
}

const reviewStates = {
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
  COMMENT: 'COMMENTED',
} as const

function review(world: World, call: Call): Answer {
  const pull = pullOf(world, call)
  const event = call.body['event']
  if (event !== 'APPROVE' && event !== 'REQUEST_CHANGES' && event !== 'COMMENT')
    throw new Denial(422, 'Pending reviews are not played here')
  if (pull.author === call.viewer.login && event === 'APPROVE')
    throw new Denial(422, 'Review Can not approve your own pull request')
  const given = { author: call.viewer.login, state: reviewStates[event], body: text(call.body['body']) }
  return ok(reviewShape(world, pull, reviewPull(world, pull, given)))
}

/** Merged ones that brought the commit; and, for a commit that no branch of releases has, open ones. */
async function ofCommit(world: World, call: Call): Promise<Answer> {
  const id = await commitNamed(world, call.parameters['commit_sha'] ?? '')
  if (id === undefined) throw new Denial(422, `No commit found for SHA: ${call.parameters['commit_sha']}`)
  const found: PullState[] = []
  for (const pull of world.listed(world.pulls)) {
    const isOpenWithIt =
      pull.state === 'open' &&
      (await world.git.isAncestor(id, pull.headCommit)) &&
      !(await world.git.isAncestor(id, pull.baseCommit))
    if (pull.commits.includes(id) || isOpenWithIt) found.push(pull)
  }
  const address = `${world.api}/commits/${id}/pulls`
  const { items, headers } = page(call, found, address, world.switches.pageSizeMax)
  return { status: 200, json: items.map((pull) => pullShape(world, pull)), headers }
}
