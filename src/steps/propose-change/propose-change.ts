import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { PullRequest } from '../../forge/forge-parts.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { neededPart, short } from '../forge-part.ts'
import type { Proposal } from '../proposal.ts'
import { type Goal, goalOf } from './goal.ts'
import { type Changes, changeOptions } from './wanted-files.ts'

type Options = Changes & {
  readonly forge: Choice
  readonly branch: string
  readonly base?: string | undefined
  readonly title: string
  readonly body: string
  /** Of the commit; the title when not given. */
  readonly message?: string | undefined
  readonly labels: readonly string[]
}

type Evidence =
  /** The branch has the change: at this commit, by this pull request if it was ours. */
  | { readonly state: 'there'; readonly result: Proposal & { readonly commit: string } }
  | { readonly state: 'proposed'; readonly pull: PullRequest; readonly owners: readonly string[] }
  | { readonly state: 'outdated'; readonly pull: PullRequest }
  | { readonly state: 'none'; readonly paths: readonly string[] }

/** Proposes a change of files as one pull request: made once, found again, brought up to date, never a second one. */
export const proposeChange: Step<Options, Proposal, Evidence> = {
  name: 'propose-change',
  describe: 'Proposes changes of files as a pull request, unless the branch has them.',
  options: z.strictObject({
    forge: choice,
    branch: z.string().min(1),
    base: z.string().optional(),
    title: z.string().min(1),
    body: z.string().default(''),
    message: z.string().optional(),
    labels: z.array(z.string()).default([]),
    ...changeOptions,
  }),
  probesAlone: true,
  async probe(options, context) {
    return { state: 'present', evidence: await look(options, context) }
  },
  decide({ branch, base, title }, probe) {
    if (probe.state !== 'present') throw new Error('Branches are read or it throws')
    const { evidence } = probe
    switch (evidence.state) {
      case 'there': {
        const { result } = evidence
        return {
          kind: 'keep',
          summary: `${base ?? result.base} has the change, at ${short(result.commit)}`,
          result,
        }
      }
      case 'proposed': {
        const { pull, owners } = evidence
        return {
          kind: 'keep',
          summary: `pull request #${pull.number} is there`,
          result: proposal(pull, owners),
        }
      }
      case 'outdated':
        return {
          kind: 'create',
          summary: `bring pull request #${evidence.pull.number} up to date: "${title}"`,
        }
      case 'none':
        return {
          kind: 'create',
          summary: `pull request "${title}" from ${branch}`,
          detail: [...evidence.paths],
        }
    }
  },
  async act(_change, options, context) {
    const forge = openForge(options.forge, context)
    const goal = await goalOf(options, forge, context.signal)
    const pulls = neededPart(forge, 'pullRequests', 'propose-change')
    // What the base has already is no change of it.
    const files = await goal.missingAt(goal.head)
    const { branch, title, body, labels, message = title } = options
    const { base, missingOver: onTop } = goal
    const pull = await pulls.propose({
      ...{ branch, base, files, message, title, body, labels },
      ...(onTop !== undefined && { onTop }),
    })
    context.log(`pull request: ${pull.url}`)
    return proposal(pull, await pulls.codeOwners(await goal.pathsAt(goal.head), base))
  },
  async verify({ pullRequest, commit }, options, context) {
    if (pullRequest === undefined || commit !== undefined) return
    const forge = openForge(options.forge, context)
    const pull = await neededPart(forge, 'pullRequests', 'propose-change').find(pullRequest)
    // Somebody was quick: what became of it is for whoever awaits it.
    if (pull === undefined || pull.state !== 'open') return
    const goal = await goalOf(options, forge, context.signal)
    if (await goal.has(pull.headCommit)) return
    const [path] = Object.keys(await goal.missingAt(pull.headCommit))
    throw new UserError('CHANGE_UNREAD', `"${path}" in ${pull.url} does not read back as it was proposed.`, {
      hint: 'Somebody else pushed to the branch. Remove their commits, or close the pull request and delete the branch.',
    })
  },
}

async function look(options: Options, context: StepContext): Promise<Evidence> {
  const forge = openForge(options.forge, context)
  const pulls = neededPart(forge, 'pullRequests', 'propose-change')
  const goal = await goalOf(options, forge, context.signal)
  const { base, head } = goal
  const listed = await pulls.fromBranch(options.branch)
  const isThere = await goal.has(head)
  // Lists may be behind: one that is open in them can be what brought the change.
  const pull = isThere && listed?.state === 'open' ? await pulls.find(listed.number) : listed
  if (isThere) {
    const commit = (await goal.has(context.run.commit)) ? context.run.commit : head
    const merge = commit === context.run.commit ? undefined : await mergeWith(goal, pull)
    if (merge === undefined) {
      return { state: 'there', result: { base, owners: [], commit, headCommit: commit } }
    }
    const owners = await pulls.codeOwners(await goal.pathsAt(merge.commit), base)
    const result = { ...proposal(merge.pull, owners), commit: merge.commit, headCommit: merge.commit }
    return { state: 'there', result }
  }
  if (pull?.state !== 'open') return { state: 'none', paths: Object.keys(await goal.missingAt(head)).sort() }
  const isCurrent =
    pull.base === base &&
    pull.title === options.title &&
    options.labels.every((label) => pull.labels.includes(label)) &&
    (await goal.has(pull.headCommit))
  if (!isCurrent) return { state: 'outdated', pull }
  const owners = await pulls.codeOwners(await goal.pathsAt(pull.headCommit), base)
  return { state: 'proposed', pull, owners }
}

/** Where our pull request was merged, so that what came later stays out of the release. */
async function mergeWith(
  { has }: Goal,
  pull: PullRequest | undefined,
): Promise<{ readonly commit: string; readonly pull: PullRequest } | undefined> {
  const commit = pull?.state === 'merged' ? pull.mergeCommit : undefined
  return pull !== undefined && commit !== undefined && (await has(commit)) ? { commit, pull } : undefined
}

const proposal = ({ base, number, url, headCommit }: PullRequest, owners: readonly string[]): Proposal => ({
  base,
  pullRequest: number,
  url,
  owners: [...owners],
  headCommit,
})
