import type { Storage } from '../../storage/storage.ts'
import type { ReadOptions } from '../repository-format.ts'

/**
 * The folders of all suites in a storage that have a Release file, nested ones too; and '' for a flat repository at the
 * root. `binary-amd64/Release` and its like are no suites.
 */
export async function suiteFolders(storage: Storage, { signal }: ReadOptions): Promise<readonly string[]> {
  const folders = new Set<string>()
  for await (const { path } of storage.list('dists/', { signal })) {
    const folder = /^(.+)\/(?:In)?Release$/.exec(path)?.[1]
    if (folder !== undefined && !/\/(?:binary-[^/]+|source)$/.test(folder)) folders.add(folder)
  }
  for (const name of ['InRelease', 'Release']) {
    if ((await storage.head(name, { signal })) !== undefined) folders.add('')
  }
  return [...folders]
}
