import { z } from 'zod'
import { type Digest, hexOf, isDigest } from '../lib/digest.ts'
import { readGraph } from '../oci/copy.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { OciStore } from '../oci/oci-store.ts'
import { descriptorOf } from '../oci/read-manifest.ts'
import type { StepContext } from '../pipeline/step.ts'

/** The result of every step that pushes something to a registry. */
export const pushedResult = z.object({
  repository: z.string(),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  tags: z.array(z.string()),
})
export type PushedResult = z.infer<typeof pushedResult>

/** What a step pushed; undefined before it ran. */
export function pushedBy({ results }: Pick<StepContext, 'results'>, stepId: string): PushedResult {
  return pushedResult.parse(results[stepId])
}

/** The index and the image of each platform: whoever verifies may look at either. */
export async function manifestsOf(
  store: OciStore,
  digest: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const root = await store.manifest(digest, { signal })
  if (root === undefined)
    throw new Error(`What was pushed is not in ${store.location}, although its step ended well`)
  const { manifests } = await readGraph(store, root, signal)
  return manifests.map(descriptorOf)
}

/** cosign 1 and 2: where the signatures or attestations of a manifest are. */
export const cosignTag = (digest: Digest, kind: 'sig' | 'att'): string => `sha256-${hexOf(digest)}.${kind}`
