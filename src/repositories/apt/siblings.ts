import type { Storage } from '../../storage/storage.ts'
import type { ReadOptions } from '../repository-format.ts'

// Our own records need a name for the root, and no suite can be called so.
const rootName = '-'

export const recordsName = (folder: string): string => folder || rootName

/**
 * The folders of all suites in a storage that have a Release file, nested ones too, and of the flat repositories at the
 * root and wherever we published one. `binary-amd64/Release` and its like are no suites.
 */
export async function suiteFolders(storage: Storage, { signal }: ReadOptions): Promise<readonly string[]> {
  const folders = new Set<string>()
  for await (const { path } of storage.list('dists/', { signal })) {
    const folder = /^(.+)\/(?:In)?Release$/.exec(path)?.[1]
    if (folder !== undefined && !/\/(?:binary-[^/]+|source)$/.test(folder)) folders.add(folder)
  }
  for await (const { path } of storage.list('.hawser/', { signal })) {
    const name = /^\.hawser\/(.+)\/latest\.json$/.exec(path)?.[1]
    if (name !== undefined && (await hasRelease(storage, name, signal))) folders.add(name)
  }
  if (await hasRelease(storage, rootName, signal)) folders.add('')
  folders.delete(rootName)
  return [...folders]
}

async function hasRelease(storage: Storage, name: string, signal: AbortSignal | undefined): Promise<boolean> {
  const prefix = name === rootName ? '' : `${name}/`
  for (const file of ['InRelease', 'Release']) {
    if ((await storage.head(`${prefix}${file}`, { signal })) !== undefined) return true
  }
  return false
}
