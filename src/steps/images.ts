import { join } from 'node:path'
import { z } from 'zod'
import { type Digest, isDigest } from '../lib/digest.ts'
import { openLayout } from '../oci/layout/layout.ts'
import type { OciStore } from '../oci/oci-store.ts'
import type { StepContext } from '../pipeline/step.ts'

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value))

/** The result of every step that builds an image. */
export const imageResult = z.object({
  image: z.object({
    name: z.string(),
    /** Of the index, or of the one manifest. */
    digest,
    mediaType: z.string(),
    /** All manifests, those of the platforms before the index. */
    manifests: z.array(z.object({ platform: z.string().exactOptional(), digest, mediaType: z.string() })),
  }),
})
export type ImageResult = {
  readonly image: {
    readonly name: string
    readonly digest: Digest
    readonly mediaType: string
    readonly manifests: readonly {
      readonly platform?: string
      readonly digest: Digest
      readonly mediaType: string
    }[]
  }
}

/** Where people find an image that was built: `dist/VERSION/NAME.oci`, a layout. Its tag is the version's form of one. */
export const imageFolder = ({ root, run }: Pick<StepContext, 'root' | 'run'>, name: string): string =>
  join(root, 'dist', run.version, `${name}.oci`)

export const openBuiltImage = (context: Pick<StepContext, 'root' | 'run'>, name: string): OciStore =>
  openLayout(imageFolder(context, name))

/** "+" of a version's build metadata is no character of tags; OCM writes it so. */
export const versionTag = (version: string): string => version.replaceAll('+', '.build-').replaceAll('~', '-')

/** The image that a step built. */
export function builtImage({ results }: Pick<StepContext, 'results'>, stepId: string): ImageResult['image'] {
  return imageResult.parse(results[stepId]).image
}
