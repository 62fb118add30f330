import { Refusal } from '../../errors.ts'
import type { Tag } from '../forge.ts'
import type { GitAccess } from './git-access.ts'
import { listLocalTags, sameCommit } from './tags.ts'

/** Tags as the remote has them. When it cannot be reached this throws: unknown is not absent. */
export async function listRemoteTags(remote: string, git: GitAccess): Promise<readonly Tag[]> {
  return describeTags(await readReferences(remote, ['refs/tags/*'], git), git)
}

export async function findRemoteTag(name: string, remote: string, git: GitAccess): Promise<Tag | undefined> {
  const references = await readReferences(remote, [`refs/tags/${name}`, `refs/tags/${name}^{}`], git)
  return (await describeTags(references, git)).find((tag) => tag.name === name)
}

/** Pushes one tag without force, so that the remote refuses to move it. */
export async function pushTag(tag: Tag, remote: string, git: GitAccess): Promise<void> {
  const before = await findRemoteTag(tag.name, remote, git)
  if (before === undefined) {
    const reference = `refs/tags/${tag.name}`
    try {
      await git.run([
        'push',
        '--quiet',
        '--no-verify',
        '--end-of-options',
        remote,
        `${reference}:${reference}`,
      ])
    } catch (error) {
      // Somebody pushed it meanwhile, or the connection broke after the push: look.
      if ((await findRemoteTag(tag.name, remote, git)) === undefined) throw error
    }
  }
  const after = before ?? (await findRemoteTag(tag.name, remote, git))
  if (after === undefined) throw notKept(tag.name)
  sameCommit(after, tag.commit, ' on the remote')
}

function notKept(name: string): Refusal {
  return new Refusal('TAG_NOT_KEPT', `The remote took the tag "${name}" and does not have it now.`, {
    hint: 'A rule of the remote removes it. Look into its tag protection.',
  })
}

/** Reference names, and their ids; a name that ends with ^{} gives the id of what an annotated tag points to. */
async function readReferences(
  remote: string,
  patterns: readonly string[],
  git: GitAccess,
): Promise<ReadonlyMap<string, string>> {
  const { text } = await git.run(['ls-remote', '--end-of-options', remote, ...patterns])
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map(
    lines.map((line) => {
      const tab = line.indexOf('\t')
      return [line.slice(tab + 1), line.slice(0, tab)]
    }),
  )
}

async function describeTags(references: ReadonlyMap<string, string>, git: GitAccess): Promise<Tag[]> {
  const local = new Map((await listLocalTags(git)).map((tag) => [tag.name, tag]))
  const tags: Tag[] = []
  for (const [reference, id] of references) {
    if (reference.endsWith('^{}')) continue
    const name = reference.slice('refs/tags/'.length)
    const peeled = references.get(`${reference}^{}`)
    const commit = peeled ?? id
    // A remote does not tell whether a tag is signed, nor its date; our own copy of the same tag does.
    const own = local.get(name)
    const same = own?.commit === commit && own.annotated === (peeled !== undefined) ? own : undefined
    const date = same?.date === undefined ? {} : { date: same.date }
    tags.push({ name, commit, annotated: peeled !== undefined, signed: same?.signed === true, ...date })
  }
  return tags
}
