import { UserError } from '../errors.ts'
import type { Forge } from '../forge/forge.ts'
import type { PullRequest, PullRequests, Review } from '../forge/forge-parts.ts'
import type { DecisionEvidence, GateDecision } from '../pipeline/run.ts'
import { openForge } from '../steps/forge-choice.ts'
import { loadProjectConfig } from './load-project-config.ts'
import { contextOutside, type OutsideRun } from './open-declared.ts'
import { configName } from './project.ts'

/** What people decided where they look at changes, to be taken over for a gate. */
export interface PullRequestDecision {
  readonly by: string
  readonly reason: string
  readonly decidedBy: DecisionEvidence
}

/** The decision that a pull request of the project's forge stands for. */
export async function pullRequestDecision(
  number: number,
  decision: GateDecision['decision'],
  outside: OutsideRun,
): Promise<PullRequestDecision> {
  const { forge } = await loadProjectConfig(outside.project)
  return decisionOf(openForge(forge, contextOutside(outside)), number, decision)
}

/** Approved: merged, or approved by a code owner of hawser.yaml at its newest commit. Rejected: closed, or changes were asked for. */
export async function decisionOf(
  { pullRequests: pulls, location }: Forge,
  number: number,
  decision: GateDecision['decision'],
): Promise<PullRequestDecision> {
  if (pulls === undefined) {
    throw new UserError('FORGE_PART', `The forge at ${location} has no pull requests.`, {
      hint: 'Decide with --reason TEXT.',
    })
  }
  const pull = await pulls.find(number)
  if (pull === undefined) {
    throw new UserError('PULL_REQUEST_NONE', `There is no pull request ${number} at ${location}.`, {
      hint: 'Give the number that stands behind "#" on its page.',
    })
  }
  const reviews = newestOfEach(await pulls.reviews(number))
  const { state, ending, review } = words[decision]
  const ended = pull.state === state
  const reviewers = await authorsOf(review, reviews, pull, pulls)
  if (!ended && (pull.state !== 'open' || reviewers.length === 0)) throw undecided(pull, decision)
  return {
    by:
      reviewers.length === 0
        ? `${pull.state} pull request #${number}`
        : reviewers.map((one) => `@${one}`).join(', '),
    reason: `#${number} ${pull.title}`,
    decidedBy: {
      kind: ended ? ending : 'review',
      url: pull.url,
      commit: pull.mergeCommit ?? pull.headCommit,
    },
  }
}

const words = {
  approve: { state: 'merged', ending: 'merge', review: 'approved' },
  reject: { state: 'closed', ending: 'closing', review: 'changes requested' },
} as const

/** A later review of the same person takes the place of an earlier one; a comment does not. */
function newestOfEach(reviews: readonly Review[]): ReadonlyMap<string, Review> {
  const newest = new Map<string, Review>()
  for (const review of reviews.toSorted((a, b) => a.submittedAt.getTime() - b.submittedAt.getTime())) {
    if (review.state !== 'commented') newest.set(review.author, review)
  }
  return newest
}

/** Nobody decides about their own change, nor by a review of what it was before. */
async function authorsOf(
  state: Review['state'],
  reviews: ReadonlyMap<string, Review>,
  { author, headCommit, base }: PullRequest,
  pulls: PullRequests,
): Promise<readonly string[]> {
  const found = [...reviews.values()].filter(
    (review) => review.state === state && review.commit === headCommit && review.author !== author,
  )
  if (found.length === 0) return []
  const owners = (await pulls.codeOwners([configName], base)).map((owner) => owner.toLowerCase())
  const mayDecide = (name: string): boolean =>
    owners.length === 0 || owners.includes(`@${name.toLowerCase()}`)
  return found.map((review) => review.author).filter(mayDecide)
}

function undecided({ number, state, url }: PullRequest, decision: GateDecision['decision']): UserError {
  const missing =
    decision === 'approve'
      ? 'it is not merged, and no code owner has approved its newest commit'
      : 'it is not closed, and no code owner asked for changes of its newest commit'
  return new UserError('PULL_REQUEST_UNDECIDED', `The pull request #${number} is ${state}: ${missing}.`, {
    hint: `See ${url}. Code owners are those of ${configName} in CODEOWNERS, by their own name; members of teams decide by merging, or with --reason TEXT.`,
  })
}
