import { z } from 'zod'
import { Refusal, TransientError, UserError } from '../../errors.ts'
import type { Forge } from '../../forge/forge.ts'
import type { Removal } from '../../forge/forge-parts.ts'
import { jsonObject } from '../../lib/json-copy.ts'
import type { Change, Step } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { type ReleaseState, releaseState, stateText } from './release-state.ts'

type Options = {
  readonly forge: Choice
  readonly tag: string
  /** Also a published release, as long as the forge allows it. */
  readonly forcePublished: boolean
  /** Kept with the run. */
  readonly by: string
  readonly reason: string
}
type Result = { readonly tag: string }

/** Makes room for a release of the same version: its draft or release with the assets, and its tag, are gone after it. */
export const removeRelease: Step<Options, Result, ReleaseState> = {
  name: 'remove-release',
  describe: 'Removes a draft, or a release that may be replaced, with its assets and its tag.',
  options: z.object({
    forge: choice,
    tag: z.string(),
    forcePublished: z.boolean(),
    by: z.string(),
    reason: z.string(),
  }),
  probesAlone: true,
  async probe({ forge, tag }, context) {
    const port = openForge(forge, context)
    removalOf(port)
    const found = await look(port, tag)
    return found.state === 'absent' ? { state: 'absent' } : { state: 'present', evidence: found }
  },
  decide: (options, probe) =>
    probe.state === 'present'
      ? removal(probe.evidence, options)
      : { kind: 'keep', summary: `nothing of ${options.tag} is there`, result: { tag: options.tag } },
  async act(_change, options, context) {
    const port = openForge(options.forge, context)
    const { tag } = options
    const { deleteRelease, deleteTag } = removalOf(port)
    const found = await look(port, tag)
    // Somebody may have published it since it was decided.
    const change = removal(found, options)
    if (change.kind === 'refuse') throw new Refusal(change.code, change.message, { hint: change.hint })
    context.log(`removing ${stateText(tag, found)}`)
    // The tag goes last: what is left of an interrupted removal may be removed without force.
    await deleteRelease(tag)
    await deleteTag(tag)
    return { tag }
  },
  async verify({ tag }, { forge }, context) {
    const found = await look(openForge(forge, context), tag)
    if (found.state === 'absent') return
    throw new TransientError('RELEASE_NOT_REMOVED', `The forge still shows ${stateText(tag, found)}.`)
  },
}

const look = async (port: Forge, tag: string): Promise<ReleaseState> =>
  releaseState(await port.findRelease(tag), await port.findTag(tag))

function removal(found: ReleaseState, { tag, forcePublished }: Options): Change<Result> {
  if (found.state === 'immutable') {
    return {
      kind: 'refuse',
      code: 'RELEASE_IMMUTABLE',
      message: `The release "${tag}" is published and immutable: the forge never lets its tag be used again.`,
      hint: 'Choose the next version.',
    }
  }
  if (found.state === 'published' && !forcePublished) {
    return {
      kind: 'refuse',
      code: 'RELEASE_PUBLISHED',
      message: `The release "${tag}" is published: people may have it already.`,
      hint: 'Choose the next version. If it must be this one, give --force-published with a --reason.',
    }
  }
  const old = found.state === 'absent' ? null : jsonObject(facts(found))
  return { kind: 'replace', summary: `remove ${stateText(tag, found)}`, old, new: null }
}

function facts(found: Exclude<ReleaseState, { state: 'absent' }>) {
  if (found.state === 'tag') return { state: found.state, commit: found.tag.commit }
  const { state, release, tag } = found
  const assets = release.assets.map(({ name, digest }) => ({ name, digest: digest ?? null }))
  return { state, commit: release.commit, tagged: tag?.commit ?? null, assets }
}

function removalOf({ removal: part, location }: Forge): Removal {
  if (part !== undefined) return part
  throw new UserError('FORGE_CANNOT_REMOVE', `Hawser cannot remove releases from ${location}.`, {
    hint: 'Remove the release and its tag there by hand, then run "hawser release".',
  })
}
