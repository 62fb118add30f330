import { z } from 'zod'
import { TransientError } from '../../errors.ts'
import type { PullRequest, Review } from '../../forge/forge-parts.ts'
import type { Change, Step } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { neededPart, short } from '../forge-part.ts'
import { type Proposal, proposalOf } from '../proposal.ts'

type Options = {
  readonly forge: Choice
  /** The step that proposed the change. */
  readonly from: string
  readonly pollSeconds: number
  /** An owner of the files has to have approved what was merged; anybody but its author where no owners are named. */
  readonly requireApproval: boolean
}
type Result = {
  readonly commit: string
  readonly pullRequest?: number
  readonly approvedBy: readonly string[]
}
type Evidence =
  | { readonly state: 'settled'; readonly commit: string }
  | {
      readonly state: 'pull'
      readonly pull: PullRequest
      readonly proposal: Proposal
      readonly reviews: readonly Review[]
    }
  | { readonly state: 'gone'; readonly number: number }

/** Waits until people merged the proposed change. Closed is not merged. */
export const awaitMerge: Step<Options, Result, Evidence> = {
  name: 'await-merge',
  describe:
    'Waits for the merge of a proposed change; a pull request that is closed without it stops the release.',
  options: z.strictObject({
    forge: choice,
    from: z.string(),
    pollSeconds: z.number().positive().max(3600).default(30),
    requireApproval: z.boolean().default(false),
  }),
  async probe({ forge, from }, context) {
    const proposal = proposalOf(context, from)
    if (proposal?.pullRequest === undefined) {
      return {
        state: 'present',
        evidence: { state: 'settled', commit: proposal?.commit ?? context.run.commit },
      }
    }
    const number = proposal.pullRequest
    const pulls = neededPart(openForge(forge, context), 'pullRequests', 'await-merge')
    const pull = await pulls.find(number)
    if (pull === undefined) return { state: 'present', evidence: { state: 'gone', number } }
    if (pull.state === 'merged' && pull.mergeCommit === undefined) {
      return { state: 'unknown', reason: `${pull.url} is merged, and its commit is not known yet` }
    }
    const reviews = pull.state === 'closed' ? [] : await pulls.reviews(number)
    return { state: 'present', evidence: { state: 'pull', pull, proposal, reviews } }
  },
  decide(options, probe) {
    if (probe.state !== 'present') throw new Error('A pull request is found, or it is unknown')
    const { evidence } = probe
    if (evidence.state === 'settled') {
      const { commit } = evidence
      return {
        kind: 'keep',
        summary: `nothing to merge; the release is of ${short(commit)}`,
        result: { commit, approvedBy: [] },
      }
    }
    if (evidence.state === 'gone') return gone(evidence.number)
    const { pull, proposal, reviews } = evidence
    if (pull.state === 'closed') return closed(pull)
    if (pull.state === 'open') return open(pull, proposal, reviews, options)
    const approvedBy = whoSaid('approved', reviews, pull)
    if (options.requireApproval && !isApproved(approvedBy, proposal)) return unapproved(pull, proposal)
    if (pull.mergeCommit === undefined) throw new Error('A merge without its commit was unknown before')
    return {
      kind: 'keep',
      summary: `pull request #${pull.number} is merged as ${short(pull.mergeCommit)}`,
      result: { commit: pull.mergeCommit, pullRequest: pull.number, approvedBy },
    }
  },
  async act() {
    throw new Error('People merge, not this step: decide only keeps')
  },
  async verify({ commit, pullRequest }, { forge }, context) {
    if (pullRequest === undefined) return
    if ((await openForge(forge, context).resolve(commit)) !== undefined) return
    throw new TransientError(
      'MERGE_NOT_VISIBLE',
      `The merge commit ${short(commit)} is not visible on the forge yet.`,
    )
  },
}

/** Who said this last; a comment takes nothing back, and authors do not judge their own work. */
function whoSaid(
  state: Review['state'],
  reviews: readonly Review[],
  { author }: PullRequest,
): readonly string[] {
  const last = new Map<string, Review>()
  for (const review of reviews.toSorted((a, b) => a.submittedAt.getTime() - b.submittedAt.getTime())) {
    if (review.state !== 'commented' && review.author !== author) last.set(review.author, review)
  }
  return [...last.values()].filter((review) => review.state === state).map((review) => review.author)
}

/** Who is in a team is not ours to see: where a team owns the files, the forge's own rules say who counts. */
function isApproved(approvedBy: readonly string[], { owners }: Proposal): boolean {
  const people = owners.filter((owner) => owner.startsWith('@') && !owner.includes('/'))
  const isKnown = owners.length > 0 && people.length === owners.length
  if (!isKnown) return approvedBy.length > 0
  const names = new Set(people.map((owner) => owner.slice(1).toLowerCase()))
  return approvedBy.some((login) => names.has(login.toLowerCase()))
}

function open(
  pull: PullRequest,
  { owners }: Proposal,
  reviews: readonly Review[],
  { pollSeconds }: Options,
): Change<Result> {
  const approvedBy = whoSaid('approved', reviews, pull)
  const against = whoSaid('changes requested', reviews, pull)
  const said =
    (approvedBy.length > 0 ? `, approved by ${approvedBy.join(', ')}` : '') +
    (against.length > 0 ? `, changes requested by ${against.join(', ')}` : '')
  return {
    kind: 'wait',
    summary: `${pull.url} is open${said}`,
    whom: owners.length === 0 ? 'whoever may merge it' : owners.join(', '),
    againAfterMs: pollSeconds * 1000,
  }
}

const gone = (number: number): Change<Result> => ({
  kind: 'refuse',
  code: 'PULL_REQUEST_GONE',
  message: `The pull request #${number} that this release made does not exist any more.`,
  hint: 'Release again: it is proposed anew.',
})

const closed = ({ url, title }: PullRequest): Change<Result> => ({
  kind: 'refuse',
  code: 'PULL_REQUEST_CLOSED',
  message: `The pull request "${title}" was closed without a merge: ${url}`,
  hint: 'Release again when the change is wanted after all, or without it if it is not.',
})

const unapproved = ({ url }: PullRequest, { owners }: Proposal): Change<Result> => ({
  kind: 'refuse',
  code: 'MERGE_UNAPPROVED',
  message: `The pull request was merged without an approval of those who own its files: ${url}`,
  hint: `Have the merged change looked at${owners.length === 0 ? '' : ` by ${owners.join(', ')}`}, and protect the branch; then release again.`,
})
