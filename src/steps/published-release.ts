import type { Forge } from '../forge/forge.ts'

/** What was needed to publish a release is needed no more: a release that is repeated waits for nothing. */
export async function isPublished(forge: Forge, release: string | undefined): Promise<boolean> {
  if (release === undefined) return false
  return (await forge.findRelease(release))?.state === 'published'
}
