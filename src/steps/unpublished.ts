import { z } from 'zod'
import type { StepContext } from '../pipeline/step.ts'
import { choice } from './choice.ts'
import { openForge } from './forge-choice.ts'

/** The release that something belongs to. */
export const releaseOption = z.object({ forge: choice, tag: z.string() }).optional()
export type ReleaseOption = z.infer<typeof releaseOption>

/**
 * Whether nobody was given this version yet: what an attempt that was given up has left under its name may be replaced.
 * What was published never changes.
 */
export async function isUnpublished(release: ReleaseOption, context: StepContext): Promise<boolean> {
  if (release === undefined) return false
  const found = await openForge(release.forge, context).findRelease(release.tag)
  return found?.state !== 'published'
}
