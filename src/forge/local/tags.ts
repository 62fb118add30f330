import { Refusal, UserError } from '../../errors.ts'
import { resolveCommit } from '../../lib/checkout.ts'
import type { NewTag, Tag } from '../forge.ts'
import { checkTagName } from '../names.ts'
import type { GitAccess } from './git-access.ts'
import { taggerOf, tagObject } from './tag-object.ts'

/** Tags of the repository itself. */
export async function findLocalTag(name: string, git: GitAccess): Promise<Tag | undefined> {
  checkTagName(name)
  // An exact name matches itself and everything below it ("v1" also "v1/x").
  return (await readTags(git, `refs/tags/${name}`)).find((tag) => tag.name === name)
}

export async function listLocalTags(git: GitAccess): Promise<readonly Tag[]> {
  return readTags(git, 'refs/tags')
}

const fields = [
  'refname:strip=2',
  'objecttype',
  'objectname',
  '*objecttype',
  '*objectname',
  'taggerdate:unix',
  'contents:signature',
] as const

async function readTags(git: GitAccess, pattern: string): Promise<Tag[]> {
  const format = fields.map((field) => `%(${field})%00`).join('')
  const { text } = await git.run(['for-each-ref', `--format=${format}`, '--', pattern])
  const values = text.split('\0')
  const tags: Tag[] = []
  for (let at = 0; at + fields.length <= values.length; at += fields.length) {
    const [name = '', type = '', id = '', innerType = '', innerId = '', seconds = '', signature = ''] =
      values.slice(at)
    const commit = await commitOf(type === 'tag' ? innerType : type, type === 'tag' ? innerId : id, git)
    // Tags of files and trees (git.git has one) are no releases.
    if (commit === undefined) continue
    // The line end between two records stands before the second one's name.
    const date = seconds === '' ? {} : { date: new Date(Number(seconds) * 1000) }
    tags.push({
      name: name.trimStart(),
      commit,
      annotated: type === 'tag',
      signed: signature !== '',
      ...date,
    })
  }
  return tags
}

async function commitOf(type: string, id: string, git: GitAccess): Promise<string | undefined> {
  return type === 'commit' ? id : resolveCommit(id, git.options)
}

/** Creates the tag if it is absent; git itself decides between two who try at once. */
export async function createLocalTag(tag: NewTag, git: GitAccess, tagger: string | undefined): Promise<Tag> {
  checkTagName(tag.name)
  const commit = await resolveCommit(tag.commit, git.options)
  if (commit === undefined) throw commitMissing(tag.commit)
  const before = await findLocalTag(tag.name, git)
  if (before !== undefined) return sameCommit(before, commit)

  const text = await tagObject({ ...tag, commit }, await taggerOf(tagger, commit, git))
  const { text: id } = await git.run(['mktag'], { input: text })
  await createReference(
    `refs/tags/${tag.name}`,
    id,
    git,
    async () => (await findLocalTag(tag.name, git)) !== undefined,
  )
  const created = await findLocalTag(tag.name, git)
  if (created === undefined) throw new Error(`The tag ${tag.name} vanished after it was created`)
  return sameCommit(created, commit)
}

async function createReference(
  reference: string,
  id: string,
  git: GitAccess,
  isThere: () => Promise<boolean>,
): Promise<void> {
  // gitrevisions: the null id as old value means that the reference must not exist.
  const absent = '0'.repeat(id.length)
  try {
    await git.run(['update-ref', '--end-of-options', reference, id, absent])
  } catch (error) {
    // Somebody was faster; the caller compares what they made.
    if (!(await isThere())) throw error
  }
}

export function sameCommit(found: Tag, commit: string, where = ''): Tag {
  if (found.commit === commit) return found
  throw new Refusal(
    'TAG_MOVED',
    `The tag "${found.name}" exists${where} and points to ${found.commit.slice(0, 12)}, not to ${commit.slice(0, 12)}.`,
    {
      hint: 'A tag is never moved. Choose the next version, or check out the tagged commit to finish that release.',
    },
  )
}

export function commitMissing(revision: string): UserError {
  return new UserError('COMMIT_NOT_FOUND', `The repository has no commit ${JSON.stringify(revision)}.`, {
    hint: 'Fetch it (git fetch --unshallow --tags), or check the revision.',
  })
}
