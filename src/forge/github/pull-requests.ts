import { z } from 'zod'
import type { PullRequest, PullRequests, Review } from '../forge-parts.ts'
import { codeOwnersOf } from './code-owners.ts'
import type { Connection } from './connection.ts'
import { propose } from './propose.ts'
import { type GitHubPull, pullShape, pullsFrom } from './pulls.ts'
import { defaultBranch, type Tags } from './tags.ts'

const reviewShape = z.object({
  state: z.string(),
  commit_id: z.string().nullable(),
  submitted_at: z.string().optional(),
  user: z.object({ login: z.string() }).nullable(),
})

/** Who GitHub shows where an account was deleted. */
const ghost = 'ghost'

export function pullRequests(connection: Connection, tags: Tags): PullRequests {
  const { repository } = connection
  const find: PullRequests['find'] = async (number) => {
    const found = await connection.find(`looking for pull request #${number}`, pullShape, (github) =>
      github.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...repository, pull_number: number }),
    )
    return found && pullRequestOf(found)
  }
  return {
    find,
    ofCommit: async (commit) => {
      const branch = await defaultBranch(connection)
      const pulls = await connection.list(
        `looking for the pull requests of ${commit.slice(0, 12)}`,
        z.array(pullShape),
        (github, page) =>
          github.request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', {
            ...repository,
            commit_sha: commit,
            ...page,
          }),
      )
      return pulls.map(pullRequestOf).filter(({ state, base }) => state === 'merged' && base === branch)
    },
    fromBranch: async (branch) => {
      const found = newest(await pullsFrom(branch, connection))
      return found && pullRequestOf(found)
    },
    propose: async (change) => {
      const number = await propose(change, connection, tags)
      const found = await find(number)
      if (found === undefined) throw new Error(`Pull request #${number} vanished after it was proposed`)
      return found
    },
    reviews: async (number) => {
      const reviews = await connection.list(
        `reading the reviews of #${number}`,
        z.array(reviewShape),
        (github, page) =>
          github.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
            ...repository,
            pull_number: number,
            ...page,
          }),
      )
      return reviews.flatMap(reviewOf)
    },
    codeOwners: (paths, base) => codeOwnersOf(paths, base, connection),
  }
}

function newest(pulls: readonly GitHubPull[]): GitHubPull | undefined {
  const open = pulls.filter(({ state }) => state === 'open').toSorted((a, b) => a.number - b.number)
  const ended = ({ closed_at: at }: GitHubPull): number => Date.parse(at ?? '1970-01-01T00:00:00Z')
  return open[0] ?? pulls.toSorted((a, b) => ended(b) - ended(a) || b.number - a.number)[0]
}

function pullRequestOf(pull: GitHubPull): PullRequest {
  const isMerged = pull.merged_at !== null && pull.merged_at !== undefined
  return {
    number: pull.number,
    title: pull.title,
    url: pull.html_url,
    state: isMerged ? 'merged' : pull.state,
    branch: pull.head.ref,
    headCommit: pull.head.sha,
    base: pull.base.ref,
    // Before the merge this is GitHub's trial merge, which is on no branch.
    mergeCommit: isMerged ? (pull.merge_commit_sha ?? undefined) : undefined,
    labels: pull.labels.map(({ name }) => name),
    author: pull.user?.login ?? ghost,
  }
}

const reviewStates: { readonly [state: string]: Review['state'] } = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes requested',
  COMMENTED: 'commented',
  DISMISSED: 'dismissed',
}

/** Reviews that are still being written ("PENDING") are nobody else's. */
function reviewOf({
  state,
  commit_id: commit,
  submitted_at: at,
  user,
}: z.output<typeof reviewShape>): Review[] {
  const known = reviewStates[state]
  if (known === undefined || at === undefined) return []
  return [{ author: user?.login ?? ghost, state: known, commit: commit ?? '', submittedAt: new Date(at) }]
}
