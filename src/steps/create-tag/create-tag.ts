import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Tag } from '../../forge/forge.ts'
import type { Step } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { openSigner } from '../keys.ts'
import { isCommitOpen, releaseCommit } from '../release-commit.ts'

type Options = {
  readonly forge: Choice
  readonly tag: string
  readonly message: string
  /** A step whose commit is tagged instead of the run's. */
  readonly commitFrom?: string | undefined
  /** Signs the tag. */
  readonly key?: Choice | undefined
}
type Result = { readonly tag: string; readonly commit: string }

/** Tags the commit of the release. A tag that points elsewhere is never moved. */
export const createTag: Step<Options, Result, Tag> = {
  name: 'create-tag',
  describe: 'Creates the annotated tag of the release at the commit of the run.',
  options: z.object({
    forge: choice,
    tag: z.string(),
    message: z.string(),
    commitFrom: z.string().optional(),
    key: choice.optional(),
  }),
  probesAlone: true,
  async probe({ forge, tag }, context) {
    const found = await openForge(forge, context).findTag(tag)
    return found === undefined ? { state: 'absent' } : { state: 'present', evidence: found }
  },
  decide({ tag, commitFrom }, probe, context) {
    const commit = releaseCommit(commitFrom, context)
    if (probe.state !== 'present') return { kind: 'create', summary: `tag ${tag} at ${short(commit)}` }
    const found = probe.evidence
    if (found.commit === commit) {
      return { kind: 'keep', summary: `tag ${tag} is at ${short(commit)}`, result: { tag, commit } }
    }
    if (isCommitOpen(commitFrom, context)) {
      return { kind: 'create', summary: `tag ${tag} at the commit of "${commitFrom}"` }
    }
    return {
      kind: 'refuse',
      code: 'TAG_ELSEWHERE',
      message: `The tag "${tag}" exists and points to ${short(found.commit)}, not to ${short(commit)}.`,
      hint: 'A released tag is never moved: choose the next version, or check out the tagged commit to finish that release.',
    }
  },
  async act(_change, { forge, tag, message, commitFrom, key }, context) {
    const { epoch } = context.run
    const commit = releaseCommit(commitFrom, context)
    const signer = key === undefined ? undefined : await openSigner(key, context)
    const date = new Date(epoch * 1000)
    await openForge(forge, context).createTag({ name: tag, commit, message, date, ...(signer && { signer }) })
    return { tag, commit }
  },
  async verify({ tag, commit }, { forge }, context) {
    const found = await openForge(forge, context).findTag(tag)
    if (found?.commit === commit) return
    throw new UserError('TAG_NOT_VISIBLE', `The tag "${tag}" is not at ${short(commit)} when read back.`, {
      hint: 'Somebody removed or moved it while the release ran; look into the repository and its protection rules.',
    })
  },
}

const short = (commit: string): string => commit.slice(0, 12)
