import { z } from 'zod'
import { type RegistriesOptions, registriesOptions } from '../../oci/declared-registry.ts'
import type { Step } from '../../pipeline/step.ts'
import { openRepositoryOf } from '../registries.ts'
import { taggedReference } from '../tagged-reference.ts'

type Options = { readonly images: readonly string[]; readonly registries: RegistriesOptions }
type Result = {
  /** Reference → digest of what was there before this release: never taken for its work. */
  readonly old: { readonly [reference: string]: string }
}

/** Looks for images that an earlier attempt left. They are no mistake, and no evidence: whoever waits for images knows them. */
export const checkImages: Step<Options, Result, Result> = {
  name: 'check-images',
  describe: 'Warns of images that are there before the release, so that they are not taken for its own.',
  options: z.strictObject({ images: z.array(z.string()).min(1), registries: registriesOptions }),
  probesAlone: true,
  async probe({ images, registries }, context) {
    const old: Record<string, string> = {}
    for (const image of images) {
      const { tag } = taggedReference(image, 'images of check-images')
      const found = await openRepositoryOf(image, registries, context).resolve(tag, context)
      if (found !== undefined) old[image] = found.digest
    }
    return { state: 'present', evidence: { old } }
  },
  decide({ images }, probe) {
    if (probe.state !== 'present') throw new Error('Reading a registry gives its tags or throws')
    const names = Object.keys(probe.evidence.old)
    const summary =
      names.length === 0
        ? `none of ${images.length} images is there yet`
        : `warning: old images are there, and are not taken for this release: ${names.join(', ')}`
    return { kind: 'keep', summary, result: probe.evidence }
  },
  async act() {
    throw new Error('Images are only looked at: decide only keeps')
  },
  async verify({ old }, _options, context) {
    for (const [reference, digest] of Object.entries(old)) {
      context.log(
        `warning: ${reference} exists before this release (${digest}); it is not taken for its work`,
      )
    }
  },
}
