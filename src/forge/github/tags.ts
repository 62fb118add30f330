import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Refusal, UserError } from '../../errors.ts'
import { mapLimited } from '../../lib/limit.ts'
import type { NewTag, Tag } from '../forge.ts'
import { checkTagName, tagProblem } from '../names.ts'
import type { Connection } from './connection.ts'
import { createOnce, lookPatiently } from './create-once.ts'
import { GitHubError } from './errors.ts'

const objectShape = z.object({ type: z.string(), sha: z.string() })
const referenceShape = z.object({ ref: z.string(), object: objectShape })
const tagObjectShape = z.object({
  sha: z.string(),
  object: objectShape,
  message: z.string(),
  tagger: z.object({ date: z.string() }).optional(),
  verification: z.object({ signature: z.string().nullable() }).optional(),
})
const commitShape = z.object({
  sha: z.string(),
  committer: z.object({ name: z.string(), email: z.string() }),
})
const anything = z.unknown()

type Peeled = Pick<Tag, 'commit' | 'signed' | 'date'>
type Reference = z.output<typeof referenceShape>

/** Tags of the repository, over the API for git objects. */
export class Tags {
  readonly #connection: Connection
  readonly #tagger: string | undefined
  /** Tag objects never change. */
  readonly #peeled = new Map<string, Promise<Peeled | undefined>>()

  constructor(connection: Connection, tagger: string | undefined) {
    this.#connection = connection
    this.#tagger = tagger
  }

  async find(name: string): Promise<Tag | undefined> {
    checkTagName(name)
    const reference = await this.#reference(`tags/${name}`)
    return reference === undefined ? undefined : this.#describe(reference)
  }

  async list(): Promise<readonly Tag[]> {
    const references = await this.#connection.list(
      'listing the tags',
      z.array(referenceShape),
      (github, page) =>
        github.request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
          ...this.#connection.repository,
          ref: 'tags/',
          // It gives all at once, by its description; a link would say otherwise.
          ...(page.page > 1 && page),
        }),
    )
    const tags = await mapLimited(references, 6, (each) => this.#describe(each), this.#connection.signal)
    return tags.filter((tag) => tag !== undefined)
  }

  /** The commit of a branch, tag or id, in git's own order of preference for names. */
  async resolve(revision: string): Promise<string | undefined> {
    if (/^[0-9a-f]{40}$/.test(revision)) return (await this.commit(revision))?.sha
    if (revision === 'HEAD') return this.resolve(`refs/heads/${await defaultBranch(this.#connection)}`)
    const name = revision.replace(/^refs\/(heads|tags)\//, '')
    if (tagProblem(name) !== undefined) return undefined
    if (!revision.startsWith('refs/heads/')) {
      const tag = await this.#reference(`tags/${name}`)
      if (tag !== undefined) return (await this.#describe(tag))?.commit
    }
    if (!revision.startsWith('refs/tags/')) {
      const branch = await this.#reference(`heads/${name}`)
      if (branch !== undefined) return branch.object.sha
    }
    return /^[0-9a-f]{7,39}$/.test(revision) ? this.#abbreviated(revision) : undefined
  }

  async #abbreviated(id: string): Promise<string | undefined> {
    try {
      const found = await this.#connection.find(
        `looking for the commit ${id}`,
        commitShape.pick({ sha: true }),
        (github) =>
          github.request('GET /repos/{owner}/{repo}/commits/{ref}', {
            ...this.#connection.repository,
            ref: id,
          }),
      )
      return found?.sha.startsWith(id) === true ? found.sha : undefined
    } catch (error) {
      // 422: there is none, or there are several.
      if (error instanceof GitHubError && error.status === 422) return undefined
      throw error
    }
  }

  async commit(sha: string): Promise<z.output<typeof commitShape> | undefined> {
    return this.#connection.find(`looking for the commit ${sha.slice(0, 12)}`, commitShape, (github) =>
      github.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
        ...this.#connection.repository,
        commit_sha: sha,
      }),
    )
  }

  /** The object first, which nobody sees, then the reference: GitHub decides between two who try at once. */
  async create(tag: NewTag): Promise<Tag> {
    checkTagName(tag.name)
    const commit = await this.commit(tag.commit)
    if (commit === undefined) throw commitMissing(tag.commit)
    const before = await this.find(tag.name)
    if (before !== undefined) return sameCommit(before, commit.sha)
    const id = await this.#createObject(
      tag,
      this.#tagger ?? `${commit.committer.name} <${commit.committer.email}>`,
    )
    const look = () => lookPatiently(this.#connection, () => this.find(tag.name))
    const created = await createOnce(this.#connection, look, async () => {
      await this.#connection.write(`creating the tag "${tag.name}"`, anything, (github) =>
        github.request('POST /repos/{owner}/{repo}/git/refs', {
          ...this.#connection.repository,
          ref: `refs/tags/${tag.name}`,
          sha: id,
        }),
      )
      return look()
    })
    if (created === undefined) throw notKept(tag.name)
    return sameCommit(created, commit.sha)
  }

  /** The same arguments give the same object, so that this may be repeated. */
  async #createObject(tag: NewTag, tagger: string): Promise<string> {
    const { name, email } = taggerOf(tagger)
    const date = Math.floor(tag.date.getTime() / 1000)
    const header = `object ${tag.commit}\ntype commit\ntag ${tag.name}\ntagger ${name} <${email}> ${date} +0000\n\n`
    const text = `${messageOf(tag)}\n`
    // git signs everything before the signature, which ends the message: the API takes it as a part of that.
    const signature = await tag.signer?.signDetachedArmored(Buffer.from(header + text), tag.date)
    const message = text + (signature ?? '')
    const { sha } = await this.#connection.set(
      `creating the tag object of "${tag.name}"`,
      tagObjectShape.pick({ sha: true }),
      (github) =>
        github.request('POST /repos/{owner}/{repo}/git/tags', {
          ...this.#connection.repository,
          tag: tag.name,
          message,
          object: tag.commit,
          type: 'commit',
          tagger: { name, email, date: new Date(date * 1000).toISOString() },
        }),
    )
    // The signature is of these bytes and no others.
    if (signature !== undefined && sha !== gitId('tag', header + message)) throw signatureLost(tag.name)
    return sha
  }

  async #reference(name: string): Promise<Reference | undefined> {
    const found = await this.#connection.find(`looking for ${name}`, referenceShape, (github) =>
      github.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
        ...this.#connection.repository,
        ref: name,
      }),
    )
    return found?.ref === `refs/${name}` ? found : undefined
  }

  /** Undefined for tags of files and trees, which are no releases. */
  async #describe({ ref, object }: Reference): Promise<Tag | undefined> {
    const name = ref.replace(/^refs\/tags\//, '')
    if (object.type === 'commit') return { name, commit: object.sha, annotated: false, signed: false }
    if (object.type !== 'tag') return undefined
    const peeling = this.#peeled.get(object.sha) ?? this.#peel(object.sha)
    this.#peeled.set(object.sha, peeling)
    peeling.catch(() => this.#peeled.delete(object.sha))
    const peeled = await peeling
    return peeled === undefined ? undefined : { name, annotated: true, ...peeled }
  }

  async #peel(sha: string, depth = 0): Promise<Peeled | undefined> {
    const { object, message, verification, tagger } = await this.#connection.read(
      `reading the tag object ${sha.slice(0, 12)}`,
      tagObjectShape,
      (github) =>
        github.request('GET /repos/{owner}/{repo}/git/tags/{tag_sha}', {
          ...this.#connection.repository,
          tag_sha: sha,
        }),
    )
    const signed = Boolean(verification?.signature) || /^-----BEGIN [A-Z ]*SIGNATURE-----$/m.test(message)
    const date = new Date(tagger?.date ?? Number.NaN)
    const said = { signed, ...(!Number.isNaN(date.getTime()) && { date }) }
    if (object.type === 'commit') return { commit: object.sha, ...said }
    // A tag of a tag; nobody makes a chain of them.
    if (object.type !== 'tag' || depth > 5) return undefined
    const inner = await this.#peel(object.sha, depth + 1)
    return inner && { commit: inner.commit, ...said }
  }
}

export async function defaultBranch(connection: Connection): Promise<string> {
  await connection.checkRepository()
  const shape = z.object({ default_branch: z.string() })
  const { default_branch: branch } = await connection.read('reading the repository', shape, (github) =>
    github.request('GET /repos/{owner}/{repo}', connection.repository),
  )
  return branch
}

/** git's own name of an object. */
function gitId(type: string, text: string): string {
  const bytes = Buffer.from(text)
  return createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex')
}

function messageOf({ name, message }: NewTag): string {
  const text = message.replaceAll('\r\n', '\n').trimEnd()
  if (text !== '' && !text.includes('\0') && !text.includes('-----BEGIN ')) return text
  throw new UserError(
    'TAG_MESSAGE',
    `The message of the tag "${name}" is empty, or has what git does not keep in it.`,
    { hint: 'Write a line of text without NUL characters and without a signature in it.' },
  )
}

function taggerOf(text: string): { name: string; email: string } {
  const [, name = '', email = ''] = /^(.*?) ?<([^<>]*)>$/.exec(text) ?? []
  return { name, email }
}

export function sameCommit(found: Tag, commit: string): Tag {
  if (found.commit === commit) return found
  throw new Refusal(
    'TAG_MOVED',
    `The tag "${found.name}" exists at GitHub and points to ${found.commit.slice(0, 12)}, not to ${commit.slice(0, 12)}.`,
    {
      hint: 'A tag is never moved. Choose the next version, or check out the tagged commit to finish that release.',
    },
  )
}

export function commitMissing(revision: string): UserError {
  return new UserError(
    'COMMIT_NOT_FOUND',
    `The repository at GitHub has no commit ${JSON.stringify(revision)}.`,
    {
      hint: 'Push it first, or check the revision.',
    },
  )
}

function notKept(name: string): Refusal {
  return new Refusal('TAG_NOT_KEPT', `GitHub took the tag "${name}" and does not have it now.`, {
    hint: 'Somebody or a rule of the repository removes it. Look into its rules for tags.',
  })
}

function signatureLost(name: string): UserError {
  return new UserError(
    'TAG_SIGNATURE',
    `The tag "${name}" was not made: this GitHub would store it with other bytes than those that were signed.`,
    { hint: 'Remove the signing of tags, or report it with the version of GitHub Enterprise.' },
  )
}
