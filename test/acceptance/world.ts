import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { TestProject } from './project.ts'

/** What a release leaves for others, byte by byte: path → mode and digest, and the id of every tag. */
export type World = { readonly [what: string]: string }

const published = ['repositories', 'releases', 'dist', '.hawser/repositories', '.hawser/releases']
/** The workspace of the file storage: locks, and nothing that readers are told of. */
const workspace = '.hawser-storage'

export async function worldOf({ root, git }: Pick<TestProject, 'root' | 'git'>): Promise<World> {
  const world: Record<string, string> = {}
  for (const folder of published) {
    for (const path of await pathsBelow(join(root, folder))) {
      if (!path.includes(`/${workspace}`)) world[relative(root, path)] = await stateOf(path)
    }
  }
  const references = await git('for-each-ref', '--format=%(refname) %(objectname) %(*objectname)')
  for (const line of references.trim().split('\n')) {
    const [name = '', ...ids] = line.split(' ')
    world[name] = ids.join(' ')
  }
  return world
}

async function pathsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  return entries.map(({ parentPath, name }) => join(parentPath, name)).sort()
}

async function stateOf(path: string): Promise<string> {
  const { mode } = await lstat(path)
  const type = mode & 0o170000
  const shown = (mode & 0o7777).toString(8)
  if (type === 0o040000) return `folder ${shown}`
  if (type === 0o120000) return `link to ${await readlink(path)}`
  return `${shown} sha256:${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`
}

/** Drafts of drafts: what a killed writer may leave, and what readers must never find. */
export async function leftovers({ root }: Pick<TestProject, 'root'>): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of published) {
    for (const path of await pathsBelow(join(root, folder))) {
      const isScratch = /\.tmp$|\.part$|\.new$|\/\.hawser-(?!storage)|\/incoming(\/|$)|~$/.test(path)
      if (isScratch || path.includes(`/${workspace}/drafts/`)) found.push(relative(root, path))
    }
  }
  // What is in its scratch folders goes by age.
  for (const folder of ['sha256', 'records']) {
    for (const path of await pathsBelow(join(root, '.hawser/store', folder))) {
      if (/\.tmp$/.test(path)) found.push(relative(root, path))
    }
  }
  return found
}

/** Inode, size and times of every file but those of the engine: a run that writes nothing changes none of them. */
export async function touchesOf({ root }: Pick<TestProject, 'root'>): Promise<World> {
  const touches: Record<string, string> = {}
  for (const path of await pathsBelow(root)) {
    const below = relative(root, path)
    if (below.startsWith('.hawser/engine')) continue
    const { ino, size, mode, mtimeNs, ctimeNs } = await lstat(path, { bigint: true })
    touches[below] = [ino, size, mode, mtimeNs, ctimeNs].join(' ')
  }
  return touches
}

/** For worlds that were made under another umask, which decides who may read a repository. */
export const withoutModes = (world: World): World =>
  Object.fromEntries(
    Object.entries(world).map(([at, state]) => [at, state.replace(/^(folder )?[0-7]{3,4}( |$)/, '$1')]),
  )

export function differences(wanted: World, found: World): readonly string[] {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort()
  return names.flatMap((name) =>
    wanted[name] === found[name]
      ? []
      : [`${name} is ${found[name] ?? 'absent'}, and should be ${wanted[name] ?? 'absent'}`],
  )
}
