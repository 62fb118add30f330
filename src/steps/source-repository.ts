import { UserError } from '../errors.ts'
import type { PortContext } from './choice.ts'
import {
  type OpenedRepository,
  openRepository,
  type RepositoryOptions,
} from './publish-packages/open-repository.ts'

/**
 * A repository that packages are only taken from. Its signing keys may be secrets of other machines: then the public keys
 * that it names in `acceptedKeys` are enough to trust it.
 */
export async function openSource(
  options: RepositoryOptions,
  context: PortContext,
): Promise<OpenedRepository> {
  try {
    return await openRepository(options, context)
  } catch (error) {
    if (!(error instanceof UserError) || options.acceptedKeys.length === 0) throw error
    return openRepository({ ...options, keys: [] }, context)
  }
}
