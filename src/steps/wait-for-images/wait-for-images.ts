import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { JsonObject } from '../../lib/json.ts'
import { type RegistriesOptions, registriesOptions } from '../../oci/declared-registry.ts'
import type { Step, StepContext } from '../../pipeline/step.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'
import { lookAtProducers, type ProducerOptions, producerOptions } from '../producers.ts'
import { isPublished } from '../published-release.ts'
import { openRepositoryOf } from '../registries.ts'
import { releaseCommit } from '../release-commit.ts'
import { taggedReference } from '../tagged-reference.ts'
import { doubtAbout, type SeenImage } from './evidence.ts'
import { imageFacts } from './image-facts.ts'

type DigestFrom = { readonly step: string; readonly output: string }
type WrittenImage = string | { readonly reference: string; readonly digestFrom?: DigestFrom | undefined }
type Options = ProducerOptions & {
  readonly forge: Choice
  readonly registries: RegistriesOptions
  readonly images: readonly WrittenImage[]
  /** The step that looked which images were there before. */
  readonly old?: string | undefined
  /** Tag of the release: once it is published, its images were taken. */
  readonly release?: string | undefined
  readonly pollSeconds: number
}
type Result = {
  /** Reference → digest. */
  readonly images: JsonObject
}
type Evidence = {
  readonly seen: readonly SeenImage[]
  readonly producers: readonly string[]
  readonly isPublished: boolean
}

/**
 * Waits for images that somebody else's build pushes. Taken is what that build reported the digest of, what names the
 * commit of the release, what was not there before, or at least what was made after the run began.
 */
export const waitForImages: Step<Options, Result, Evidence> = {
  name: 'wait-for-images',
  describe:
    'Waits for images that other builds push; never takes old ones; ends at once when such a build failed.',
  options: z.strictObject({
    forge: choice,
    registries: registriesOptions,
    images: z
      .array(
        z.union([
          z.string(),
          z.strictObject({
            reference: z.string(),
            digestFrom: z.strictObject({ step: z.string(), output: z.string() }).optional(),
          }),
        ]),
      )
      .min(1),
    old: z.string().optional(),
    release: z.string().optional(),
    pollSeconds: z.number().positive().max(3600).default(10),
    ...producerOptions,
  }),
  async probe(options, context) {
    const seen: SeenImage[] = []
    for (const image of options.images) seen.push(await look(image, options, context))
    if (doubtsOf(seen, options, context).length === 0) {
      return { state: 'present', evidence: { seen, producers: [], isPublished: false } }
    }
    const forge = openForge(options.forge, context)
    const isThere = seen.every(({ digest }) => digest !== undefined)
    if (isThere && (await isPublished(forge, options.release))) {
      return { state: 'present', evidence: { seen, producers: [], isPublished: true } }
    }
    const producers = await lookAtProducers(options, forge, context, 'wait-for-images')
    return { state: 'present', evidence: { seen, producers, isPublished: false } }
  },
  decide(options, probe, context) {
    if (probe.state !== 'present') throw new Error('Reading a registry gives its tags or throws')
    const { seen, producers, ...release } = probe.evidence
    const doubts = release.isPublished ? [] : doubtsOf(seen, options, context)
    if (doubts.length > 0) {
      return {
        kind: 'wait',
        summary: [...doubts, ...producers].join('; '),
        whom: options.producers.length === 0 ? 'builds elsewhere' : options.producers.join(', '),
        againAfterMs: options.pollSeconds * 1000,
      }
    }
    const images = Object.fromEntries(seen.map(({ reference, digest }) => [reference, digest ?? '']))
    return { kind: 'keep', summary: `${seen.length} images are there`, result: { images } }
  },
  async act() {
    throw new Error('Others push, not this step: decide only keeps')
  },
}

async function look(image: WrittenImage, options: Options, context: StepContext): Promise<SeenImage> {
  const { reference, digestFrom } = typeof image === 'string' ? { reference: image } : image
  const { tag } = taggedReference(reference, 'images of wait-for-images')
  const wanted = digestFrom === undefined ? undefined : reportedDigest(digestFrom, context)
  const store = openRepositoryOf(reference, options.registries, context)
  const digest = (await store.resolve(tag, context))?.digest
  const needsFacts = digest !== undefined && wanted === undefined
  const facts = needsFacts
    ? await imageFacts(store, digest, context.signal)
    : { created: undefined, revision: undefined }
  return { reference, digest, facts, wanted, old: oldDigest(reference, options, context) }
}

const doubtsOf = (
  seen: readonly SeenImage[],
  { commitFrom }: Options,
  context: StepContext,
): readonly string[] => {
  const commit = releaseCommit(commitFrom, context)
  return seen.flatMap((image) => {
    const doubt = doubtAbout(image, commit, context.runStartedAt)
    return doubt === undefined ? [] : [`${image.reference} ${doubt}`]
  })
}

const withOld = z.object({ old: z.record(z.string(), z.string()) })

function oldDigest(reference: string, { old }: Options, { results }: StepContext): string | null | undefined {
  const result = old === undefined ? undefined : results[old]
  return result === undefined ? undefined : (withOld.parse(result).old[reference] ?? null)
}

const withOutputs = z.object({ outputs: z.record(z.string(), z.json()).optional() }).loose()
const digestText = z.string().regex(/^sha256:[0-9a-f]{64}$/)

/** Of a job's outputs, or of a step that pushed something itself. Undefined when the step was skipped. */
function reportedDigest({ step, output }: DigestFrom, { results }: StepContext): string | undefined {
  const result = results[step]
  if (result === undefined) return undefined
  const { outputs, ...own } = withOutputs.parse(result)
  const found = digestText.safeParse(outputs?.[output] ?? own[output])
  if (found.success) return found.data
  throw new UserError('IMAGE_DIGEST', `The step "${step}" reports no digest as "${output}".`, {
    hint: 'Its build has to give "sha256:" and 64 hex digits as this output; or leave "digestFrom" out.',
  })
}
