import { createHash } from 'node:crypto'
import { z } from 'zod'
import { TransientError, UserError } from '../../errors.ts'
import type { Forge, ForgeRelease } from '../../forge/forge.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Step } from '../../pipeline/step.ts'
import { artifactsOf } from '../artifacts.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'

type Options = { readonly forge: Choice; readonly tag: string; readonly from: readonly string[] }
type Result = { readonly url: string; readonly assets: JsonObject }
type Evidence = { readonly release: ForgeRelease; readonly isTidy: boolean }

/** Turns the draft into the release, then downloads every asset as a user would and compares the digests. */
export const publishRelease: Step<Options, Result, Evidence> = {
  name: 'publish-release',
  describe: 'Publishes the draft release and reads every asset back.',
  options: z.object({ forge: choice, tag: z.string(), from: z.array(z.string()) }),
  async probe({ forge, tag }, context) {
    const port = openForge(forge, context)
    const release = await port.findRelease(tag)
    if (release?.state !== 'published') return { state: 'absent' }
    return { state: 'present', evidence: { release, isTidy: (await port.isTidy?.(tag)) ?? true } }
  },
  decide({ tag, from }, probe, context) {
    if (probe.state !== 'present') return { kind: 'create', summary: `publish release ${tag}` }
    const { release, isTidy } = probe.evidence
    if (!isTidy) return { kind: 'create', summary: `tidy up after the publishing of ${tag}` }
    return {
      kind: 'keep',
      summary: `release ${tag} is published`,
      result: resultOf(release, wantedDigests(artifactsOf(context, from))),
    }
  },
  async act(_change, { forge, tag, from }, context) {
    const port = openForge(forge, context)
    // Publishing cannot be taken back, so the bytes are proven while it is still a draft.
    const wanted = wantedDigests(artifactsOf(context, from))
    await readBack(port, tag, wanted)
    return resultOf(await port.publish(tag), wanted)
  },
  async verify({ assets }, { forge, tag }, context) {
    const port = openForge(forge, context)
    const found = await port.findRelease(tag)
    if (found?.state !== 'published') {
      throw new TransientError('RELEASE_NOT_VISIBLE', `The release "${tag}" is not visible as published.`)
    }
    await readBack(port, tag, assets)
  },
}

const resultOf = ({ url }: ForgeRelease, assets: JsonObject): Result => ({ url, assets })

const wantedDigests = (artifacts: ReturnType<typeof artifactsOf>): JsonObject =>
  Object.fromEntries(artifacts.map(({ name, digest }) => [name, digest]))

async function readBack(forge: Forge, tag: string, digests: JsonObject): Promise<void> {
  for (const [name, digest] of Object.entries(digests)) {
    const hash = createHash('sha256')
    for await (const chunk of await forge.downloadAsset(tag, name)) hash.update(chunk)
    const found = `sha256:${hash.digest('hex')}`
    if (found === digest) continue
    throw new UserError(
      'ASSET_DIFFERS',
      `The asset "${name}" of "${tag}" reads back as ${found}, not ${String(digest)}.`,
      {
        hint: 'The forge holds damaged or foreign bytes. Remove the asset from the draft, then run "hawser resume".',
      },
    )
  }
}
