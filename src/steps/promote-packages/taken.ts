import { z } from 'zod'
import { type Digest, isDigest } from '../../lib/digest.ts'
import type { StepContext } from '../../pipeline/step.ts'
import { waiver } from '../waiver.ts'

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value))

/** What take-packages results in. */
const taken = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      architecture: z.string(),
      digest,
      tests: digest.optional(),
    }),
  ),
  waiver: waiver.optional(),
})

export type Taken = z.output<typeof taken>

export const takenBy = (step: string, { results }: Pick<StepContext, 'results'>): Taken =>
  taken.parse(results[step])
