import { z } from 'zod'
import type { Forge, ForgeRelease, NewRelease } from '../../forge/forge.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { neededPart } from '../forge-part.ts'
import { isCommitOpen, releaseCommit } from '../release-commit.ts'

type Options = {
  readonly forge: Choice
  readonly tag: string
  readonly title: string
  readonly notes: string
  /** `forge`: instead of `notes`, those that the forge makes of pull requests. */
  readonly notesFrom?: 'forge' | undefined
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
    notesFrom: z.literal('forge').optional(),
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
    if (found.commit !== commit && isCommitOpen(commitFrom, context)) {
      return { kind: 'create', summary: `draft release ${tag} of the commit of "${commitFrom}"` }
    }
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
    const forge = openForge(options.forge, context)
    await forge.createDraft(await newRelease(options, forge, context))
    return { tag: options.tag }
  },
}

/** Notes that the forge made are its own: people may edit them in the draft. */
const hasText = (found: ForgeRelease, { title, notes, notesFrom, isPrerelease }: Options): boolean =>
  found.name === title &&
  (notesFrom === 'forge' || found.notes === notes) &&
  found.isPrerelease === isPrerelease

async function newRelease(options: Options, forge: Forge, context: StepContext): Promise<NewRelease> {
  const { tag, title, notes, notesFrom, isPrerelease, commitFrom } = options
  const commit = releaseCommit(commitFrom, context)
  const written = notesFrom === 'forge' ? await generated(forge, tag, commit) : notes
  return { tag, name: title, notes: written, isPrerelease, commit }
}

/** Between the newest release that is published and this one. */
async function generated(forge: Forge, tag: string, commit: string): Promise<string> {
  const notes = neededPart(forge, 'generatedNotes', 'create-draft')
  const published = (await forge.listReleases()).filter(
    (one) => one.state === 'published' && !one.isPrerelease && one.tag !== tag,
  )
  const previousTag = published.toSorted((a, b) => timeOf(b) - timeOf(a))[0]?.tag
  return notes.generate({ tag, commit, previousTag })
}

const timeOf = ({ publishedAt }: ForgeRelease): number => publishedAt?.getTime() ?? 0
