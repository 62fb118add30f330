import { TransientError } from '../errors.ts'
import type { OciReadOptions, OciStore } from '../oci/oci-store.ts'
import { readComponent } from './component-artifact.ts'
import { refuseOtherContent } from './component-differences.ts'
import type { BuiltModule } from './module-declaration.ts'

/** What a store has under the tag of a module that was built: nothing, or the same component. */
export type ModulePresence = 'absent' | 'same'

/**
 * Looks before a push. Equal content is used again, whichever tool pushed it; other content is a Refusal that shows the
 * difference. What cannot be known throws.
 */
export async function modulePresence(
  store: OciStore,
  { artifact, descriptor, tag }: Pick<BuiltModule, 'artifact' | 'descriptor' | 'tag'>,
  options: OciReadOptions = {},
): Promise<ModulePresence> {
  const there = await store.resolve(tag, options)
  if (there === undefined) return 'absent'
  if (there.digest === artifact.manifest.digest) return 'same'
  const found = await readComponent(store, there.digest, options)
  if (found === undefined) {
    // It was there a moment ago: nobody knows what the tag names now.
    throw new TransientError(
      'MODULE_VERSION_UNKNOWN',
      `${store.location}:${tag} changed while it was read.`,
      {
        hint: 'Somebody else may be pushing it. Try again.',
      },
    )
  }
  refuseOtherContent(found.descriptor, descriptor, `${store.location}:${tag}`)
  return 'same'
}
