import { UserError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { ReadOptions, RepositoryState } from '../repository-format.ts'
import { type DnfIndex, emptyIndex, readPackageIndex } from './package-index.ts'
import { parseRepomd, repomdPath } from './repomd.ts'
import { checkSignature } from './signature.ts'

const repomdSizeMax = 16 << 20

export async function readRepository(
  storage: Storage,
  options: ReadOptions,
): Promise<RepositoryState<DnfIndex>> {
  const object = await storage.get(repomdPath, { signal: options.signal })
  if (object === undefined) {
    return {
      exists: false,
      entryVersion: undefined,
      signature: { status: 'absent' },
      entries: [],
      index: emptyIndex,
    }
  }
  if (object.sizeBytes > repomdSizeMax) {
    throw new UserError('DNF_METADATA_TOO_LARGE', `"${repomdPath}" is larger than ${repomdSizeMax} bytes.`, {
      hint: 'No repository has an entry file of this size. Find out who wrote it, and restore it.',
    })
  }
  const bytes = await object.bytes()
  // Signature first: what nobody vouches for is not even parsed.
  const signature = await checkSignature(storage, bytes, options)
  const index = await readPackageIndex(storage, await parseRepomd(bytes), bytes, options.signal)
  return { exists: true, entryVersion: object.version, signature, entries: index.packages, index }
}
