import type { Stats } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ListedObject } from '../storage.ts'
import { isAbsence } from './file-errors.ts'
import { workspaceName } from './workspace.ts'

/** The files below the root whose path begins with `prefix`, in byte order of the whole path. */
export async function* walk(
  root: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  yield* walkFolder(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, signal)
}

async function* walkFolder(
  root: string,
  folder: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  signal?.throwIfAborted()
  for (const { name, isFolder } of await children(join(root, folder))) {
    const path = folder + name
    if (path === workspaceName) continue
    if (isFolder) {
      const below = `${path}/`
      if (below.startsWith(prefix) || prefix.startsWith(below)) yield* walkFolder(root, below, prefix, signal)
    } else if (path.startsWith(prefix)) {
      const found = await statOf(join(root, path))
      if (found !== undefined) yield { path, sizeBytes: found.size, modifiedAt: found.mtime }
    }
  }
}

interface Child {
  readonly name: string
  readonly isFolder: boolean
}

// Links to folders are aliases of what is listed anyway (reprepro's "stable" -> "bookworm"), and may form circles.
async function children(folder: string): Promise<readonly Child[]> {
  const found: { child: Child; key: Buffer }[] = []
  try {
    for await (const entry of await opendir(folder)) {
      const isFolder = entry.isDirectory()
      if (!isFolder && !entry.isFile() && !entry.isSymbolicLink()) continue
      // A folder sorts as its paths do: "a-b" stands before "a/b".
      const key = Buffer.from(isFolder ? `${entry.name}/` : entry.name)
      found.push({ child: { name: entry.name, isFolder }, key })
    }
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
  return found.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ child }) => child)
}

/** Undefined: gone since the listing, a link to a folder, or a link to nothing. */
async function statOf(path: string): Promise<Stats | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found : undefined
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}
