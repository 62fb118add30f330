import { z } from 'zod'
import type { ForgeRelease, NewRelease } from '../../forge/forge.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { releaseCommit } from '../release-commit.ts'

type Options = {
  readonly forge: Choice
  readonly tag: string
  readonly title: string
  readonly notes: string
  readonly isPrerelease: boolean
  /** A step whose commit is released instead of the run's. */
  readonly commitFrom?: string | undefined
}
type Result = { readonly tag: string }

/** Makes the draft that collects the assets. A published release of the same commit is what a draft becomes: kept. */
export const createDraft: Step<Options, Result, ForgeRelease> = {
  name: 'create-draft',
  describe: 'Creates the draft release with its notes.',
  options: z.object({
    forge: choice,
    tag: z.string(),
    title: z.string(),
    notes: z.string(),
    isPrerelease: z.boolean(),
    commitFrom: z.string().optional(),
  }),
  probesAlone: true,
  async probe({ forge, tag }, context) {
    const found = await openForge(forge, context).findRelease(tag)
    return found === undefined ? { state: 'absent' } : { state: 'present', evidence: found }
  },
  decide(options, probe, context) {
    const { tag, commitFrom } = options
    const commit = releaseCommit(commitFrom, context)
    if (probe.state !== 'present') return { kind: 'create', summary: `draft release ${tag}` }
    const found = probe.evidence
    if (found.commit !== commit) {
      return {
        kind: 'refuse',
        code: 'RELEASE_ELSEWHERE',
        message: `The release "${tag}" exists as ${found.state} for the commit ${found.commit.slice(0, 12)}, not for ${commit.slice(0, 12)}.`,
        hint: 'Choose the next version, or remove the draft if nobody needs it.',
      }
    }
    if (found.state === 'published') {
      return { kind: 'keep', summary: `release ${tag} is published`, result: { tag } }
    }
    if (hasText(found, options)) return { kind: 'keep', summary: `draft ${tag} is there`, result: { tag } }
    return {
      kind: 'refuse',
      code: 'DRAFT_EDITED',
      message: `The draft "${tag}" exists with another title, other notes or another kind.`,
      hint: 'Put the text into release.title and release.notes in hawser.yaml, or remove the draft.',
    }
  },
  async act(_change, options, context) {
    await openForge(options.forge, context).createDraft(newRelease(options, context))
    return { tag: options.tag }
  },
}

const hasText = (found: ForgeRelease, { title, notes, isPrerelease }: Options): boolean =>
  found.name === title && found.notes === notes && found.isPrerelease === isPrerelease

function newRelease(options: Options, context: StepContext): NewRelease {
  const { tag, title, notes, isPrerelease, commitFrom } = options
  return { tag, name: title, notes, isPrerelease, commit: releaseCommit(commitFrom, context) }
}
