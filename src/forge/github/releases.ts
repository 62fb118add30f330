import { z } from 'zod'
import { Refusal, TransientError, UserError } from '../../errors.ts'
import { type Digest, isDigest } from '../../lib/digest.ts'
import type { ForgeRelease, NewRelease, ReleaseAsset } from '../forge.ts'
import { checkTagName } from '../names.ts'
import { assetNameOf } from './asset-name.ts'
import type { Connection } from './connection.ts'
import { createOnce, lookPatiently } from './create-once.ts'
import { GitHubError } from './errors.ts'
import { commitMissing, type Tags } from './tags.ts'

const assetShape = z.object({
  id: z.number(),
  name: z.string(),
  label: z.string().nullish(),
  state: z.string(),
  size: z.number(),
  /** GitHub computes it; older GitHub Enterprise does not. */
  digest: z.string().nullish(),
})
const releaseShape = z.object({
  id: z.number(),
  tag_name: z.string(),
  name: z.string().nullable(),
  body: z.string().nullish(),
  draft: z.boolean(),
  prerelease: z.boolean(),
  immutable: z.boolean().optional(),
  published_at: z.string().nullable(),
  target_commitish: z.string(),
  html_url: z.string(),
  upload_url: z.string(),
  assets: z.array(assetShape),
})
export type GitHubAsset = z.output<typeof assetShape>
export type GitHubRelease = z.output<typeof releaseShape>
export { assetShape, releaseShape }

const notesMax = 125_000

/** Releases and drafts as GitHub has them. */
export class Releases {
  readonly #connection: Connection
  readonly #tags: Tags

  constructor(connection: Connection, tags: Tags) {
    this.#connection = connection
    this.#tags = tags
  }

  async find(tag: string): Promise<ForgeRelease | undefined> {
    const found = await this.findRaw(tag)
    return found && this.describe(found)
  }

  /** The published one, else the draft that was made first. */
  async findRaw(tag: string): Promise<GitHubRelease | undefined> {
    checkTagName(tag)
    return chosen(await this.allRaw(tag))
  }

  /** By listing: the lookup by tag hides drafts, and several drafts may have one tag. */
  async allRaw(tag: string): Promise<readonly GitHubRelease[]> {
    return (await this.#listRaw()).filter((each) => each.tag_name === tag)
  }

  async list(): Promise<readonly ForgeRelease[]> {
    const all = await this.#listRaw()
    const tags = new Set(all.map(({ tag_name }) => tag_name))
    const releases: ForgeRelease[] = []
    for (const tag of tags) {
      const found = chosen(all.filter(({ tag_name }) => tag_name === tag))
      if (found !== undefined) releases.push(await this.describe(found))
    }
    return releases
  }

  #listRaw(): Promise<GitHubRelease[]> {
    return this.#connection.list('listing the releases', z.array(releaseShape), (github, page) =>
      github.request('GET /repos/{owner}/{repo}/releases', { ...this.#connection.repository, ...page }),
    )
  }

  async byId(id: number): Promise<GitHubRelease | undefined> {
    return this.#connection.find('reading the release', releaseShape, (github) =>
      github.request('GET /repos/{owner}/{repo}/releases/{release_id}', {
        ...this.#connection.repository,
        release_id: id,
      }),
    )
  }

  async describe(release: GitHubRelease): Promise<ForgeRelease> {
    return {
      tag: release.tag_name,
      name: release.name ?? '',
      state: release.draft ? 'draft' : 'published',
      ...(release.immutable === true && { isImmutable: true }),
      ...(!release.draft && release.published_at !== null && { publishedAt: new Date(release.published_at) }),
      isPrerelease: release.prerelease,
      notes: release.body ?? '',
      commit: await this.#commitOf(release),
      assets: release.assets.filter(({ state }) => state === 'uploaded').map(describeAsset),
      url: release.html_url,
    }
  }

  /** Of a release its tag's; a draft only says where its tag would be made. */
  async #commitOf({ draft, tag_name: tag, target_commitish: target }: GitHubRelease): Promise<string> {
    const tagged = draft ? undefined : (await this.#tags.find(tag))?.commit
    if (tagged !== undefined) return tagged
    if (/^[0-9a-f]{40}$/.test(target)) return target
    return (await this.#tags.resolve(`refs/heads/${target}`)) ?? target
  }

  async createDraft(wanted: NewRelease): Promise<ForgeRelease> {
    checkTagName(wanted.tag)
    if (wanted.notes.length > notesMax) throw notesTooLong(wanted)
    const commit = await this.#tags.resolve(wanted.commit)
    if (commit === undefined) throw commitMissing(wanted.commit)
    const release = { ...wanted, commit }
    const before = await this.find(wanted.tag)
    if (before !== undefined) return same(before, release)
    const look = () => lookPatiently(this.#connection, () => this.findRaw(wanted.tag))
    const created = await createOnce(this.#connection, look, () => this.#create(release))
    return same(await this.#settle(created, release), release)
  }

  #create({ tag, name, notes, commit, isPrerelease }: NewRelease): Promise<GitHubRelease> {
    return this.#connection.write(`creating the draft "${tag}"`, releaseShape, (github) =>
      github.request('POST /repos/{owner}/{repo}/releases', {
        ...this.#connection.repository,
        tag_name: tag,
        target_commitish: commit,
        name,
        body: notes,
        draft: true,
        prerelease: isPrerelease,
      }),
    )
  }

  /** GitHub takes several drafts for one tag. The first one stays; whoever made another removes their own. */
  async #settle(created: GitHubRelease, wanted: NewRelease): Promise<ForgeRelease> {
    const listed = await lookPatiently(this.#connection, async () => {
      const all = await this.allRaw(wanted.tag)
      return all.some(({ id }) => id === created.id) || chosen(all)?.draft === false ? all : undefined
    })
    if (listed === undefined) throw notListed(wanted.tag)
    const first = chosen(listed) ?? created
    if (first.id !== created.id && created.draft) await this.removeRaw(created)
    return this.describe(first)
  }

  /** Removes what killed runs left beside the draft: drafts of the same tag and commit, without a single asset. */
  async removeTwins(kept: GitHubRelease): Promise<void> {
    for (const each of await this.allRaw(kept.tag_name)) {
      const isTwin = each.draft && each.id !== kept.id && each.target_commitish === kept.target_commitish
      if (isTwin && each.assets.length === 0) await this.removeRaw(each)
    }
  }

  async removeRaw({ id, tag_name: tag }: GitHubRelease): Promise<void> {
    await absentIsFine(
      this.#connection.set(`removing the release "${tag}"`, z.unknown(), (github) =>
        github.request('DELETE /repos/{owner}/{repo}/releases/{release_id}', {
          ...this.#connection.repository,
          release_id: id,
        }),
      ),
    )
  }
}

/** What was to be removed may be gone already: by us, when an answer was lost, or by others. */
export async function absentIsFine(removal: Promise<unknown>): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!(error instanceof GitHubError) || !error.isAbsent) throw error
  }
}

function chosen(releases: readonly GitHubRelease[]): GitHubRelease | undefined {
  const inOrder = releases.toSorted((a, b) => Number(a.draft) - Number(b.draft) || a.id - b.id)
  return inOrder[0]
}

export function describeAsset(asset: GitHubAsset): ReleaseAsset {
  return { name: assetNameOf(asset), sizeBytes: asset.size, digest: digestIn(asset) }
}

export function digestIn({ digest }: GitHubAsset): Digest | undefined {
  return digest && isDigest(digest) ? digest : undefined
}

const words = {
  commit: 'commit',
  name: 'title',
  notes: 'text',
  isPrerelease: 'kind (pre-release or not)',
} as const

function same(found: ForgeRelease, wanted: NewRelease): ForgeRelease {
  const difference = differenceOf(found, wanted)
  if (difference === undefined) return found
  if (found.state === 'published') throw immutable(found.tag, `it has another ${difference}`)
  throw new Refusal(
    'DRAFT_EXISTS',
    `A draft for the tag "${found.tag}" exists, with another ${difference}.`,
    {
      hint: `It is at ${found.url}. Delete it there if nobody needs it, or choose the next version.`,
    },
  )
}

function differenceOf(found: ForgeRelease, wanted: NewRelease): string | undefined {
  if (found.commit !== wanted.commit) return words.commit
  if (found.name !== wanted.name) return words.name
  if (plain(found.notes) !== plain(wanted.notes)) return words.notes
  return found.isPrerelease === wanted.isPrerelease ? undefined : words.isPrerelease
}

/** The editor of the web page writes other line ends. */
const plain = (text: string): string => text.replaceAll('\r\n', '\n').trimEnd()

export function immutable(tag: string, why: string): Refusal {
  return new Refusal('RELEASE_IMMUTABLE', `The release "${tag}" is published and does not change: ${why}.`, {
    hint: 'Choose the next version.',
  })
}

export function noRelease(tag: string): UserError {
  return new UserError('RELEASE_NOT_FOUND', `GitHub has no draft and no release "${tag}".`, {
    hint: 'Create the draft first: "hawser release" does. A token without write permission does not see drafts.',
  })
}

function notListed(tag: string): TransientError {
  return new TransientError(
    'GITHUB_NOT_YET_SEEN',
    `The draft "${tag}" was made, but GitHub does not list it yet.`,
    {
      hint: 'The next attempt finds it.',
    },
  )
}

function notesTooLong({ tag, notes }: NewRelease): UserError {
  return new UserError(
    'RELEASE_NOTES_TOO_LONG',
    `The notes of the release "${tag}" have ${notes.length} characters, and GitHub takes ${notesMax}.`,
    { hint: 'Shorten them, or name the changelog in the repository instead.' },
  )
}
