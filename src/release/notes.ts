import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Commit, Forge } from '../forge/forge.ts'
import { fileSystemError } from '../lib/atomic-file.ts'

/** The notes of the release: as written, from a file, or the commits since the last release. */
export async function releaseNotes(
  { release }: Config,
  { root, forge, commit }: { readonly root: string; readonly forge: Forge; readonly commit: string },
): Promise<string> {
  const { notes } = release
  if (notes.from === 'text') return notes.text
  // The draft's own step asks for them, when the tag is there.
  if (notes.from === 'forge') return ''
  if (notes.from === 'file') return readNotes(join(root, notes.path))
  const previous = await previousRelease(forge, release.tag, commit)
  const commits = await forge.commitsBetween(previous, commit)
  return commitNotes(commits, previous)
}

async function readNotes(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw fileSystemError(error, 'read the notes', path)
  }
}

/** The newest published release of an ancestor; the release itself does not count, so that a repeated plan is the same. */
async function previousRelease(forge: Forge, tag: string, commit: string): Promise<string | undefined> {
  const published = new Set<string>()
  for (const release of await forge.listReleases()) {
    if (release.state === 'published' && release.tag !== tag) published.add(release.commit)
  }
  if (published.size === 0) return undefined
  const history = await forge.commitsBetween(undefined, commit)
  return history.find(({ id }) => published.has(id) && id !== commit)?.id
}

function commitNotes(commits: readonly Commit[], previous: string | undefined): string {
  if (previous === undefined) return 'The first release.\n'
  return `${commits.map(({ id, title }) => `- ${title} (${id.slice(0, 12)})`).join('\n')}\n`
}
