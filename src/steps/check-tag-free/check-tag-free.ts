import { z } from 'zod'
import type { ForgeRelease, Tag } from '../../forge/forge.ts'
import type { Change, RunIdentity, Step } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { short } from '../forge-part.ts'

type Options = {
  readonly forge: Choice
  readonly tag: string
  /** What a draft of this version means, and a tag that a killed run has made: an unfinished release to go on with, or somebody's work. */
  readonly unfinished: 'continue' | 'refuse'
}
type Result = { readonly tag: string }
type Evidence = { readonly tag: Tag | undefined; readonly release: ForgeRelease | undefined }

/** Refuses a version that is taken, before anything is touched. An unfinished release of this version may go on. */
export const checkTagFree: Step<Options, Result, Evidence> = {
  name: 'check-tag-free',
  describe:
    'Checks that the tag and the release do not exist yet, or are an unfinished release of this version.',
  options: z.strictObject({
    forge: choice,
    tag: z.string(),
    unfinished: z.enum(['continue', 'refuse']).default('continue'),
  }),
  probesAlone: true,
  async probe({ forge, tag }, context) {
    const port = openForge(forge, context)
    return {
      state: 'present',
      evidence: { tag: await port.findTag(tag), release: await port.findRelease(tag) },
    }
  },
  decide({ tag, unfinished }, probe, { run }) {
    if (probe.state !== 'present') throw new Error('Tags are read or it throws')
    const { tag: found, release } = probe.evidence
    if (found === undefined && release === undefined) return keep(tag, `the tag ${tag} is free`)
    if (release === undefined) return foundAlone(found, unfinished, run)
    const isSame = found === undefined || found.commit === release.commit
    if (release.state === 'published') {
      if (unfinished === 'continue' && isSame && release.commit === run.commit)
        return keep(tag, `${tag} is published from this commit`)
      return published(release)
    }
    if (found !== undefined && !isSame) return tagExists(found)
    if (unfinished === 'continue') return keep(tag, `the unfinished release ${tag} goes on`)
    return draftExists(release)
  },
  async act() {
    throw new Error('A tag is only looked at: decide only keeps')
  },
}

/** A run that was killed between the tag and the draft left a tag with the date of the release: no clock gives that. */
function foundAlone(
  found: Tag | undefined,
  unfinished: Options['unfinished'],
  { epoch }: RunIdentity,
): Change<Result> {
  if (found === undefined) throw new Error('Neither tag nor release was decided before')
  const isOurs = found.annotated && found.date?.getTime() === epoch * 1000
  if (!isOurs || unfinished === 'refuse') return tagExists(found)
  return keep(found.name, `the tag ${found.name} is of this release, which goes on`)
}

const keep = (tag: string, summary: string): Change<Result> => ({ kind: 'keep', summary, result: { tag } })

const tagExists = ({ name, commit }: Tag): Change<Result> => ({
  kind: 'refuse',
  code: 'TAG_EXISTS',
  message: `The tag "${name}" exists already, at ${short(commit)}.`,
  hint: 'Choose the next version. If the tag is the rest of a release that was never published, "hawser replace" removes it.',
})

const published = ({ tag, url }: ForgeRelease): Change<Result> => ({
  kind: 'refuse',
  code: 'RELEASE_EXISTS',
  message: `The release "${tag}" is published: ${url}`,
  hint: 'A published release is not made again. Choose the next version.',
})

const draftExists = ({ tag, url, commit }: ForgeRelease): Change<Result> => ({
  kind: 'refuse',
  code: 'DRAFT_EXISTS',
  message: `There is a draft of the release "${tag}", for ${short(commit)}: ${url}`,
  hint: 'Go on with it ("hawser resume"), or remove it with "hawser replace".',
})
