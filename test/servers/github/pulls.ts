import { tellPull } from './pull-events.ts'
import { reviewShape, wholePullShape } from './pull-shapes.ts'
import { referencesChanged } from './references.ts'
import type { PullState, ReviewState, World } from './world.ts'

export interface MergeOptions {
  readonly method?: 'merge' | 'squash' | 'rebase'
  readonly by?: string
  readonly title?: string
}

/** What the button does; the commit, or undefined when there are conflicts. */
export async function mergePull(
  world: World,
  pull: PullState,
  { method = 'merge', by = 'maintainer', title }: MergeOptions = {},
): Promise<string | undefined> {
  if (pull.state !== 'open') throw new Error(`Pull request ${pull.number} is not open`)
  const branch = `refs/heads/${pull.base}`
  const base = await world.git.resolve(branch)
  if (base === undefined) throw new Error(`There is no branch ${pull.base}`)
  const own = await world.git.log(['--reverse', `${base}..${pull.headCommit}`])
  const tree = await world.git.mergeTree(base, pull.headCommit)
  if (tree === undefined) return undefined
  const subject = `${pull.title} (#${pull.number})`
  const mergeSubject = `Merge pull request #${pull.number} from ${world.settings.owner}/${pull.head}\n\n${pull.title}`
  const message = title ?? (method === 'merge' ? mergeSubject : subject)
  const parents = method === 'merge' ? [base, pull.headCommit] : [base]
  // A rebase of several commits makes several; here they become one, as a squash does.
  const id = await world.git.writeCommit({
    tree,
    parents,
    message,
    author: world.person(method === 'merge' ? by : pull.author),
    committer: world.person(by),
  })
  if (!(await world.git.setReference(branch, id, base))) throw new Error(`${pull.base} was changed meanwhile`)
  pull.state = 'closed'
  pull.mergedAt = world.time()
  pull.closedAt = pull.mergedAt
  pull.updatedAt = pull.mergedAt
  pull.mergedBy = by
  pull.mergeCommit = id
  pull.commits = [id, ...(method === 'merge' ? own.map((commit) => commit.id) : [])]
  // Who asks which pull request a commit came with may have to wait.
  pull.hiddenReads = world.switches.listLag
  tellPull(world, pull, { action: 'closed', sender: by })
  await referencesChanged(world, by)
  return id
}

export function closePull(world: World, pull: PullState): void {
  pull.state = 'closed'
  pull.closedAt = world.time()
  pull.updatedAt = pull.closedAt
  tellPull(world, pull, { action: 'closed' })
}

export function reviewPull(
  world: World,
  pull: PullState,
  given: Pick<ReviewState, 'author' | 'state'> & { readonly body?: string },
): ReviewState {
  const review: ReviewState = {
    id: world.id(),
    author: given.author,
    state: given.state,
    body: given.body ?? '',
    commit: pull.headCommit,
    submittedAt: world.time(),
  }
  pull.reviews.push(review)
  const shape = { ...reviewShape(world, pull, review), state: review.state.toLowerCase() }
  const payload = { action: 'submitted', review: shape, pull_request: wholePullShape(world, pull) }
  world.emit('pull_request_review', payload, review.author)
  return review
}
