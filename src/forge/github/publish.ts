import { Refusal, UserError } from '../../errors.ts'
import type { ForgeRelease } from '../forge.ts'
import type { Connection } from './connection.ts'
import { lookPatiently } from './create-once.ts'
import { type GitHubRelease, noRelease, type Releases, releaseShape } from './releases.ts'
import { sameCommit, type Tags } from './tags.ts'

/** Repeatable: whoever comes second finds it published. GitHub would make a missing tag by itself, so that is looked at first. */
export async function publishRelease(
  tag: string,
  releases: Releases,
  tags: Tags,
  connection: Connection,
): Promise<ForgeRelease> {
  const found = await releases.findRaw(tag)
  if (found === undefined) throw noRelease(tag)
  await releases.removeTwins(found)
  if (!found.draft) return releases.describe(found)
  await checkDraft(found, releases, tags)
  await connection.set(`publishing the release "${tag}"`, releaseShape, (github) =>
    github.request('PATCH /repos/{owner}/{repo}/releases/{release_id}', {
      ...connection.repository,
      release_id: found.id,
      tag_name: tag,
      draft: false,
      // By version and date: a fix of an older line does not become "latest".
      make_latest: 'legacy',
    }),
  )
  // Read back: what counts is what others see.
  const published = await lookPatiently(connection, async () => {
    const now = await releases.byId(found.id)
    return now === undefined || now.draft ? undefined : now
  })
  if (published === undefined) throw notPublished(tag)
  return releases.describe(published)
}

async function checkDraft(draft: GitHubRelease, releases: Releases, tags: Tags): Promise<void> {
  const { tag_name: name } = draft
  const tag = await tags.find(name)
  if (tag === undefined) throw noTag(name)
  sameCommit(tag, (await releases.describe(draft)).commit)
  const half = draft.assets.find(({ state }) => state !== 'uploaded')
  if (half !== undefined) throw incomplete(name, half.name)
}

function noTag(tag: string): UserError {
  return new UserError('TAG_NOT_FOUND', `The release "${tag}" cannot be published: the tag does not exist.`, {
    hint: 'Create the tag first: "hawser release" does.',
  })
}

function incomplete(tag: string, asset: string): Refusal {
  return new Refusal(
    'ASSET_INCOMPLETE',
    `The draft "${tag}" has an asset "${asset}" that was uploaded in part only.`,
    {
      hint: 'Run "hawser resume": it is uploaded again. If it does not belong to the release, delete it.',
    },
  )
}

function notPublished(tag: string): Refusal {
  return new Refusal(
    'RELEASE_NOT_PUBLISHED',
    `GitHub accepted that "${tag}" is published, and still has it as a draft.`,
    {
      hint: 'Somebody or an app turned it back. Look at the release, then run "hawser resume".',
    },
  )
}

/** Uploads of this process end before it publishes, and begin after: GitHub itself adds assets to published releases. */
export class PublishGate {
  readonly #uploads = new Set<Promise<unknown>>()
  #publishing: Promise<unknown> = Promise.resolve()

  async upload<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#publishing
    const running = work()
    const ended = running.catch(() => undefined).finally(() => this.#uploads.delete(ended))
    this.#uploads.add(ended)
    return running
  }

  publish<Result>(work: () => Promise<Result>): Promise<Result> {
    const after = this.#publishing.then(() => Promise.all(this.#uploads)).then(work)
    this.#publishing = after.catch(() => undefined)
    return after
  }
}
