import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Refusal, TransientError, UserError } from '../../errors.ts'
import { fileSystemError } from '../../lib/atomic-file.ts'
import { bytesOfFile, type Digest, digestOfFile } from '../../lib/digest.ts'
import type { ReleaseAsset } from '../forge.ts'
import { checkAssetName } from '../names.ts'
import { assetNameOf, labelFor } from './asset-name.ts'
import { type Connection, jsonOr } from './connection.ts'
import { createOnce } from './create-once.ts'
import { bytesOf, type HttpAnswer } from './http.ts'
import {
  absentIsFine,
  assetShape,
  describeAsset,
  digestIn,
  type GitHubAsset,
  type GitHubRelease,
  immutable,
  noRelease,
  type Releases,
} from './releases.ts'

export interface NewAsset {
  readonly name: string
  readonly file: string
  readonly digest: Digest
}

/** How long an upload of somebody else may still be under way before its half asset is taken for dead. */
const halfLooksMs = [500, 1000, 2000]
const redirectsMax = 5

/** Files of releases. */
export class Assets {
  readonly #connection: Connection
  readonly #releases: Releases

  constructor(connection: Connection, releases: Releases) {
    this.#connection = connection
    this.#releases = releases
  }

  async upload(tag: string, asset: NewAsset): Promise<ReleaseAsset> {
    checkAssetName(asset.name)
    const release = await this.#releases.findRaw(tag)
    if (release === undefined) throw noRelease(tag)
    const sizeBytes = await this.#checkSource(asset)
    if (!release.draft) return this.#ofPublished(release, asset)
    const before = await this.#findWhole(release.id, asset.name)
    if (before !== undefined) return this.#same(tag, before, asset)
    const look = () => this.#findWhole(release.id, asset.name)
    const uploaded = await createOnce(this.#connection, look, () => this.#send(release, asset, sizeBytes))
    return this.#same(tag, uploaded, asset)
  }

  async #checkSource(asset: NewAsset): Promise<number> {
    let found: { digest: Digest; sizeBytes: number }
    try {
      found = await digestOfFile(asset.file)
    } catch (error) {
      throw fileSystemError(error, 'read', asset.file)
    }
    if (found.digest !== asset.digest) throw sourceChanged(asset, found.digest)
    return found.sizeBytes
  }

  async #ofPublished(release: GitHubRelease, asset: NewAsset): Promise<ReleaseAsset> {
    const found = release.assets.find((each) => assetNameOf(each) === asset.name)
    if (found === undefined)
      throw immutable(release.tag_name, `it has no asset "${asset.name}" and gets no new one`)
    if ((await this.#digestOf(found)) === asset.digest) return describeAsset(found)
    throw immutable(release.tag_name, `its asset "${asset.name}" has other bytes`)
  }

  async #same(tag: string, found: GitHubAsset, wanted: NewAsset): Promise<ReleaseAsset> {
    const digest = await this.#digestOf(found)
    if (digest === wanted.digest) return describeAsset(found)
    throw new Refusal('ASSET_EXISTS', `The draft "${tag}" has an asset "${wanted.name}" with other bytes.`, {
      hint: `It has ${digest}, and ${wanted.digest} was to be uploaded. Delete the asset or the draft if nobody needs it, or choose the next version.`,
    })
  }

  /** As GitHub says, else by reading it. */
  async #digestOf(asset: GitHubAsset): Promise<Digest> {
    const told = digestIn(asset)
    if (told !== undefined) return told
    const hash = createHash('sha256')
    for await (const chunk of await this.#open(asset)) hash.update(chunk)
    return `sha256:${hash.digest('hex')}`
  }

  /** An asset with all of its bytes. One that an ended upload left ("starter") is removed: nothing can continue it. */
  async #findWhole(releaseId: number, name: string): Promise<GitHubAsset | undefined> {
    for (const delayMs of [...halfLooksMs, undefined]) {
      const found = (await this.#list(releaseId)).find((each) => assetNameOf(each) === name)
      if (found === undefined || found.state === 'uploaded') return found
      if (delayMs === undefined) await this.remove(found)
      else await this.#connection.edge.wait(delayMs, this.#connection.signal)
    }
    return undefined
  }

  #list(releaseId: number): Promise<GitHubAsset[]> {
    return this.#connection.list('listing the assets', z.array(assetShape), (github, page) =>
      github.request('GET /repos/{owner}/{repo}/releases/{release_id}/assets', {
        ...this.#connection.repository,
        release_id: releaseId,
        ...page,
      }),
    )
  }

  async remove({ id, name }: GitHubAsset): Promise<void> {
    await absentIsFine(
      this.#connection.set(`removing the asset "${name}"`, z.unknown(), (github) =>
        github.request('DELETE /repos/{owner}/{repo}/releases/assets/{asset_id}', {
          ...this.#connection.repository,
          asset_id: id,
        }),
      ),
    )
  }

  async #send(release: GitHubRelease, asset: NewAsset, sizeBytes: number): Promise<GitHubAsset> {
    const what = `uploading the asset "${asset.name}"`
    const hash = createHash('sha256')
    const answer = await this.#connection.send({
      method: 'POST',
      url: this.#uploadUrl(release, asset.name),
      headers: {
        accept: 'application/vnd.github+json',
        'content-type': 'application/octet-stream',
        'content-length': String(sizeBytes),
        'user-agent': 'hawser',
      },
      body: sizeBytes === 0 ? new Uint8Array() : hashed(asset.file, hash),
    })
    if (answer.status !== 201) throw await this.#connection.failureOf(what, answer)
    const uploaded = assetShape.parse(jsonOr((await bytesOf(answer)).toString()))
    const sent = sizeBytes === 0 ? asset.digest : (`sha256:${hash.digest('hex')}` as const)
    const told = digestIn(uploaded)
    if (sent === asset.digest && (told === undefined || told === asset.digest)) return uploaded
    // Nobody is to download it, not even from a draft.
    await this.remove(uploaded)
    if (sent !== asset.digest) throw sourceChanged(asset, sent)
    throw damaged(asset.name)
  }

  /** The address that the release tells; our token goes only to hosts that belong to the API's. */
  #uploadUrl({ upload_url: template }: GitHubRelease, name: string): URL {
    const url = new URL(template.replace(/\{.*\}$/, ''))
    const { baseUrl } = this.#connection
    const isOurs = url.protocol === baseUrl.protocol && domainOf(url) === domainOf(baseUrl)
    if (!isOurs) throw foreignUpload(url.host, baseUrl.host)
    url.searchParams.set('name', name)
    const label = labelFor(name)
    if (label !== undefined) url.searchParams.set('label', label)
    return url
  }

  async download(tag: string, name: string): Promise<AsyncIterable<Uint8Array>> {
    checkAssetName(name)
    const release = await this.#releases.findRaw(tag)
    if (release === undefined) throw noRelease(tag)
    const asset = release.assets.find((each) => each.state === 'uploaded' && assetNameOf(each) === name)
    if (asset === undefined) throw noAsset(tag, name)
    return this.#open(asset)
  }

  async #open({ id, name }: GitHubAsset): Promise<AsyncIterable<Uint8Array>> {
    const { owner, repo } = this.#connection.repository
    const path = `repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}/releases/assets/${id}`
    const base = this.#connection.baseUrl.href.replace(/\/?$/, '/')
    return openStream(
      this.#connection,
      new URL(path, base),
      'application/octet-stream',
      `reading the asset "${name}"`,
    )
  }

  /** For `hawser replace`; undefined when there is none. */
  async find(release: GitHubRelease, name: string): Promise<GitHubAsset | undefined> {
    return (await this.#list(release.id)).find((each) => assetNameOf(each) === name)
  }
}

/** Follows redirects to where GitHub stores bytes, whose signed addresses must not get our token as well. */
export async function openStream(
  connection: Connection,
  from: URL,
  accept: string,
  what: string,
): Promise<AsyncIterable<Uint8Array>> {
  const answer = await connection.retrying(async () => {
    let url = from
    for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
      const request = { method: 'GET', url, headers: { accept, 'user-agent': 'hawser' } }
      const reply: HttpAnswer =
        redirects === 0 ? await connection.send(request) : await connection.sendBare(request)
      if (reply.status === 200) return reply
      const { location } = reply.headers
      const isRedirect = [301, 302, 303, 307, 308].includes(reply.status) && location !== undefined
      if (!isRedirect) throw await connection.failureOf(what, reply)
      await bytesOf(reply)
      url = new URL(location, url)
    }
    throw new UserError('GITHUB_REDIRECTS', `GitHub answered to ${what} with one redirect after the other.`, {
      hint: 'Try again later; if it stays so, look for a proxy that answers in its place.',
    })
  })
  return answer.body
}

async function* hashed(file: string, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytesOfFile(file)) {
    hash.update(chunk)
    yield chunk
  }
}

/** "github.com" of "uploads.github.com"; an address or a name without dots as it is. */
function domainOf({ hostname }: URL): string {
  return /^[\d.]+$|:/.test(hostname) ? hostname : hostname.split('.').slice(-2).join('.')
}

function sourceChanged({ name, digest }: NewAsset, found: Digest): UserError {
  return new UserError(
    'ASSET_SOURCE_CHANGED',
    `The file of the asset "${name}" is not the one that was built.`,
    {
      hint: `It has ${found} instead of ${digest}. Build it again, and let nothing change it meanwhile.`,
    },
  )
}

function damaged(name: string): TransientError {
  return new TransientError(
    'ASSET_DAMAGED',
    `GitHub got other bytes than were sent for the asset "${name}".`,
    {
      hint: 'It was removed, and is sent again.',
    },
  )
}

function foreignUpload(host: string, from: string): UserError {
  return new UserError(
    'GITHUB_UPLOAD_HOST',
    `${from} wants assets to be uploaded to another host, "${host}".`,
    {
      hint: 'The token is not sent there. Check forge.github.baseUrl.',
    },
  )
}

function noAsset(tag: string, name: string): UserError {
  return new UserError('ASSET_NOT_FOUND', `The release "${tag}" has no asset "${name}".`, {
    hint: 'Compare the name with those that the release lists.',
  })
}
