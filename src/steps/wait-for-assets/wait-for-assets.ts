import { createHash } from 'node:crypto'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Forge, ForgeRelease } from '../../forge/forge.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Change, Step } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { short } from '../forge-part.ts'
import { lookAtProducers, type ProducerOptions, producerOptions } from '../producers.ts'
import { releaseCommit } from '../release-commit.ts'

type Options = ProducerOptions & {
  readonly forge: Choice
  readonly tag: string
  readonly assets: readonly string[]
  /** Other assets are a mistake: the release is to have exactly these. */
  readonly exact: boolean
  readonly pollSeconds: number
}
type Result = {
  /** Name → digest, as they were downloaded. */
  readonly assets: JsonObject
}
type Evidence = { readonly release: ForgeRelease | undefined; readonly producers: readonly string[] }

/** Waits for assets that somebody else's build uploads, then downloads each of them as a user would. */
export const waitForAssets: Step<Options, Result, Evidence> = {
  name: 'wait-for-assets',
  describe:
    'Waits for assets that other builds upload to the release; ends at once when such a build failed.',
  options: z.strictObject({
    forge: choice,
    tag: z.string(),
    assets: z.array(z.string()).min(1),
    exact: z.boolean().default(false),
    pollSeconds: z.number().positive().max(3600).default(10),
    ...producerOptions,
  }),
  async probe(options, context) {
    const forge = openForge(options.forge, context)
    const release = await forge.findRelease(options.tag)
    const isThere = missingIn(release, options).length === 0
    const producers = isThere ? [] : await lookAtProducers(options, forge, context, 'wait-for-assets')
    return { state: 'present', evidence: { release, producers } }
  },
  decide(options, probe, context) {
    if (probe.state !== 'present') throw new Error('Releases are read or it throws')
    const { release, producers } = probe.evidence
    const commit = releaseCommit(options.commitFrom, context)
    if (release !== undefined && release.commit !== commit) return elsewhere(release, commit)
    const missing = missingIn(release, options)
    const strange = strangeIn(release, options)
    if (release !== undefined && strange.length > 0) return unexpected(release, strange)
    if (missing.length > 0) {
      const what = release === undefined ? `the draft ${options.tag}` : missing.join(', ')
      return {
        kind: 'wait',
        summary: [`missing: ${what}`, ...producers].join('; '),
        whom: options.producers.length === 0 ? 'builds elsewhere' : options.producers.join(', '),
        againAfterMs: options.pollSeconds * 1000,
      }
    }
    const digests = release === undefined ? undefined : digestsOf(release, options)
    if (digests !== undefined) {
      const summary = `${options.assets.length} assets of ${options.tag} are there`
      return { kind: 'keep', summary, result: { assets: digests } }
    }
    return {
      kind: 'create',
      summary: `take the digests of ${options.assets.length} assets of ${options.tag}`,
    }
  },
  async act(_change, { forge, tag, assets }, context) {
    const port = openForge(forge, context)
    const digests: [string, string][] = []
    for (const name of assets) digests.push([name, await readBack(port, tag, name)])
    return { assets: Object.fromEntries(digests) }
  },
  async verify({ assets }, { forge, tag }, context) {
    const port = openForge(forge, context)
    for (const [name, stated] of Object.entries(assets)) {
      const digest = await readBack(port, tag, name)
      if (digest !== stated) throw differs(tag, name, digest, String(stated))
    }
  },
}

/** As the forge states them; undefined where it stores none. */
function digestsOf(release: ForgeRelease, { assets }: Options): JsonObject | undefined {
  const digests: Record<string, string> = {}
  for (const { name, digest } of release.assets) {
    if (!assets.includes(name)) continue
    if (digest === undefined) return undefined
    digests[name] = digest
  }
  return digests
}

/** An upload that has only begun has no bytes. */
const missingIn = (release: ForgeRelease | undefined, { assets }: Options): readonly string[] =>
  assets.filter((name) => !release?.assets.some((asset) => asset.name === name && asset.sizeBytes > 0))

const strangeIn = (release: ForgeRelease | undefined, { assets, exact }: Options): readonly string[] =>
  exact ? (release?.assets ?? []).map(({ name }) => name).filter((name) => !assets.includes(name)) : []

async function readBack(forge: Forge, tag: string, name: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of await forge.downloadAsset(tag, name)) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}

const differs = (tag: string, name: string, digest: string, stated: string): UserError =>
  new UserError(
    'ASSET_DIFFERS',
    `The asset "${name}" of "${tag}" reads back as ${digest}, and was ${stated}.`,
    { hint: 'It is damaged, or was replaced meanwhile. Remove it from the draft and have it built again.' },
  )

const elsewhere = ({ tag, commit, url }: ForgeRelease, wanted: string): Change<Result> => ({
  kind: 'refuse',
  code: 'RELEASE_ELSEWHERE',
  message: `The release "${tag}" is for ${short(commit)}, not for ${short(wanted)}: ${url}`,
  hint: 'Its assets are of another commit. Remove the draft with "hawser replace", then release again.',
})

const unexpected = ({ tag, url }: ForgeRelease, names: readonly string[]): Change<Result> => ({
  kind: 'refuse',
  code: 'ASSET_UNEXPECTED',
  message: `The release "${tag}" has assets that nobody declared: ${names.join(', ')} (${url})`,
  hint: 'Declare them in "assets", or remove them from the draft and see which build uploads them.',
})
