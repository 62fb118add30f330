import { z } from 'zod'
import type { Commit } from '../../forge/forge.ts'
import type { Change, Step, StepContext } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { baseBranch, headOf, short } from '../forge-part.ts'
import { isPublished } from '../published-release.ts'
import { releaseCommit } from '../release-commit.ts'

type Options = {
  readonly forge: Choice
  /** The branch that releases are made from. */
  readonly base?: string | undefined
  /** A step whose commit is released instead of the run's. */
  readonly commitFrom?: string | undefined
  /** `refuse`: nobody releases while others merge. `replan`: a new run validates what came in. `allow`: only told. */
  /** Tag of the release: once it is published, the branch may go where it likes. */
  readonly release?: string | undefined
  readonly moved: 'refuse' | 'replan' | 'allow'
}
type Result = { readonly base: string; readonly commit: string }
type Evidence = {
  readonly base: string
  readonly isPublished: boolean
  /** On the branch, and not in what is released. */
  readonly after: readonly Commit[]
  /** In what is released, and not in what was validated; changes that this release made itself are not among them. */
  readonly between: readonly Commit[]
  /** In what is released, and not on the branch. */
  readonly aside: readonly Commit[]
}

/** Merges that came in while the release was made were never validated or tested by it. */
export const checkBase: Step<Options, Result, Evidence> = {
  name: 'check-base',
  describe: 'Checks that the branch has not moved on while the release is made.',
  options: z.strictObject({
    forge: choice,
    base: z.string().optional(),
    commitFrom: z.string().optional(),
    release: z.string().optional(),
    moved: z.enum(['refuse', 'replan', 'allow']).default('refuse'),
  }),
  async probe({ forge, base: written, commitFrom, release }, context) {
    const port = openForge(forge, context)
    const base = await baseBranch(port, written, 'check-base')
    if (await isPublished(port, release)) {
      return { state: 'present', evidence: { base, isPublished: true, after: [], between: [], aside: [] } }
    }
    const head = await headOf(port, base)
    const commit = releaseCommit(commitFrom, context)
    const after = head === commit ? [] : await port.commitsBetween(commit, head)
    const aside = head === commit ? [] : await port.commitsBetween(head, commit)
    const brought = commit === context.run.commit ? [] : await port.commitsBetween(context.run.commit, commit)
    const own = ownPullRequest(commitFrom, context)
    const between: Commit[] = []
    for (const one of brought) {
      const pulls = own === undefined ? [] : ((await port.pullRequests?.ofCommit(one.id)) ?? [])
      const isOwn = one.id === commit || pulls.some(({ number }) => number === own)
      if (!isOwn) between.push(one)
    }
    return { state: 'present', evidence: { base, isPublished: false, after, between, aside } }
  },
  decide({ moved, commitFrom }, probe, context) {
    if (probe.state !== 'present') throw new Error('Branches are read or it throws')
    const { base, aside, after, between, ...seen } = probe.evidence
    const commit = releaseCommit(commitFrom, context)
    if (seen.isPublished) {
      return { kind: 'keep', summary: 'the release is published', result: { base, commit } }
    }
    if (aside.length > 0) return notOnBase(base, commit, aside)
    const strange = [...between, ...after]
    const result = { base, commit }
    if (strange.length === 0) return { kind: 'keep', summary: `${base} is at ${short(commit)}`, result }
    if (moved === 'allow') {
      return { kind: 'keep', summary: `warning: ${base} moved: ${listOf(strange)}`, result }
    }
    return baseMoved(base, strange, moved)
  },
  async act() {
    throw new Error('A branch is only looked at: decide only keeps')
  },
}

const withPullRequest = z.object({ pullRequest: z.number() })

function ownPullRequest(commitFrom: string | undefined, { results }: StepContext): number | undefined {
  if (commitFrom === undefined) return undefined
  return withPullRequest.safeParse(results[commitFrom]).data?.pullRequest
}

const listOf = (commits: readonly Commit[]): string =>
  commits
    .slice(0, 10)
    .map(({ id, title }) => `${short(id)} ${title}`)
    .join('; ') + (commits.length > 10 ? `; and ${commits.length - 10} more` : '')

const notOnBase = (base: string, commit: string, aside: readonly Commit[]): Change<Result> => ({
  kind: 'refuse',
  code: 'BASE_ELSEWHERE',
  message: `The commit ${short(commit)} is not on "${base}": ${listOf(aside)}`,
  hint: `Push and merge it first, or check out "${base}" and release that.`,
})

const baseMoved = (base: string, strange: readonly Commit[], moved: 'refuse' | 'replan'): Change<Result> => ({
  kind: 'refuse',
  code: moved === 'replan' ? 'BASE_MOVED_REPLAN' : 'BASE_MOVED',
  message: `"${base}" moved while the release was made; these commits were not validated by it:\n${strange
    .slice(0, 20)
    .map(({ id, title }) => `${short(id)} ${title}`)
    .join('\n')}`,
  hint:
    moved === 'replan'
      ? `Check out "${base}" again and run "hawser release" once more: the new plan validates them too.`
      : 'Decide whether they belong into the release; then start it again from a checkout that has them, or from a branch without them.',
})
