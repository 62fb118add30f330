import type { Json } from './openapi.ts'
import { nodeId, repositoryShape, userShape } from './repository-shapes.ts'
import type { LabelState, PullState, ReviewState, World } from './world.ts'

type Shape = { [key: string]: Json }

export function labelShape(world: World, label: LabelState): Shape {
  return {
    id: label.id,
    node_id: nodeId('Label', label.id),
    url: `${world.api}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    description: label.description,
    color: label.color,
    default: false,
  }
}

function labelShapes(world: World, names: readonly string[]): Shape[] {
  return world.labels
    .filter(({ name }) => names.includes(name))
    .map((label) => ({ ...labelShape(world, label), description: label.description ?? '' }))
}

export function pullShape(world: World, pull: PullState): Shape {
  const url = `${world.api}/pulls/${pull.number}`
  const issue = `${world.api}/issues/${pull.number}`
  const html = `${world.html}/pull/${pull.number}`
  const statuses = `${world.api}/statuses/${pull.headCommit}`
  const end = (branch: string, sha: string): Shape => ({
    label: `${world.settings.owner}:${branch}`,
    ref: branch,
    sha,
    repo: repositoryShape(world),
    user: userShape(world, world.settings.owner),
  })
  return {
    url,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${world.api}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: userShape(world, pull.author),
    body: pull.body,
    labels: labelShapes(world, pull.labels),
    milestone: null,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.mergedAt,
    // While it is open this is a trial merge, which is of no use to anybody; here it is absent.
    merge_commit_sha: pull.mergeCommit,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    draft: pull.isDraft,
    head: end(pull.head, pull.headCommit),
    base: end(pull.base, pull.baseCommit),
    _links: {
      self: { href: url },
      html: { href: html },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${world.api}/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
    author_association: 'MEMBER',
    auto_merge: null,
  }
}

/** With what only the answer for a single one has. */
export function wholePullShape(world: World, pull: PullState): Shape {
  const isMerged = pull.mergedAt !== null
  return {
    ...pullShape(world, pull),
    merged: isMerged,
    mergeable: isMerged ? null : true,
    mergeable_state: isMerged ? 'unknown' : 'clean',
    merged_by: pull.mergedBy === null ? null : userShape(world, pull.mergedBy),
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: false,
    ...{ commits: 1, additions: 1, deletions: 1, changed_files: 1 },
  }
}

/** Every pull request is an issue. */
export function issueShape(world: World, pull: PullState): Shape {
  const url = `${world.api}/issues/${pull.number}`
  const html = `${world.html}/pull/${pull.number}`
  return {
    id: pull.id,
    node_id: nodeId('Issue', pull.id),
    url,
    repository_url: world.api,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: html,
    number: pull.number,
    state: pull.state,
    title: pull.title,
    body: pull.body ?? '',
    user: userShape(world, pull.author),
    labels: labelShapes(world, pull.labels),
    assignee: null,
    assignees: [],
    milestone: null,
    locked: false,
    comments: 0,
    closed_at: pull.closedAt,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    author_association: 'MEMBER',
    pull_request: {
      url: `${world.api}/pulls/${pull.number}`,
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      merged_at: pull.mergedAt,
    },
  }
}

export function reviewShape(world: World, pull: PullState, review: ReviewState): Shape {
  const html = `${world.html}/pull/${pull.number}#pullrequestreview-${review.id}`
  const url = `${world.api}/pulls/${pull.number}`
  return {
    id: review.id,
    node_id: nodeId('PullRequestReview', review.id),
    user: userShape(world, review.author),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    _links: { html: { href: html }, pull_request: { href: url } },
    submitted_at: review.submittedAt,
    commit_id: review.commit,
    author_association: 'MEMBER',
  }
}
