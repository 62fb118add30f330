import { createHash } from 'node:crypto'
import {
  type Answer,
  type Call,
  created,
  Denial,
  type Handlers,
  invalid,
  noContent,
  notFound,
  ok,
  page,
} from './exchange.ts'
import { refuseImmutable, releaseOf } from './release-routes.ts'
import { assetShape } from './release-shapes.ts'
import type { AssetState, ReleaseState, World } from './world.ts'

const R = '/repos/{owner}/{repo}/releases'

/** The operation of the one address that is on another host. */
export const uploadOperation = `POST ${R}/{release_id}/assets`

export const assetRoutes: Handlers = {
  [`GET ${R}/{release_id}/assets`]: { needs: 'read', answer: list },
  [uploadOperation]: { needs: 'contents:write', answer: upload },
  [`GET ${R}/assets/{asset_id}`]: { needs: 'read', answer: read },
  [`PATCH ${R}/assets/{asset_id}`]: { needs: 'contents:write', answer: update },
  [`DELETE ${R}/assets/{asset_id}`]: { needs: 'contents:write', answer: remove },
}

function list(world: World, call: Call): Answer {
  const release = releaseOf(world, call)
  const address = `${world.api}/releases/${release.id}/assets`
  const { items, headers } = page(call, release.assets, address, world.switches.pageSizeMax)
  return { status: 200, json: items.map((asset) => assetShape(world, release, asset)), headers }
}

function upload(world: World, call: Call): Answer {
  const release = releaseOf(world, call)
  if (call.headers['content-type'] === undefined) throw new Denial(415, 'The header Content-Type is missing')
  const asset = addAsset(world, release, call, 'uploaded')
  return created(assetShape(world, release, asset))
}

/** GitHub changes names: what is not a letter, a digit, or one of `-_.+` becomes a dot. */
export const assetName = (asked: string): string =>
  asked.replace(/[^\w\-.+]+/g, '.').replace(/^\.+/, 'default.')

/** `starter` stays when the connection broke: such an asset stands in the way of the next upload. */
export function addAsset(
  world: World,
  release: ReleaseState,
  { query, bytes, headers, viewer }: Call,
  state: AssetState['state'],
): AssetState {
  refuseImmutable(release)
  const name = assetName(query.get('name') ?? '')
  if (name === '') throw invalid({ resource: 'ReleaseAsset', code: 'missing_field', field: 'name' })
  if (release.assets.some((asset) => asset.name === name))
    throw invalid({ resource: 'ReleaseAsset', code: 'already_exists', field: 'name' })
  const asset: AssetState = {
    id: world.id(),
    name,
    label: query.get('label'),
    state,
    contentType: headers['content-type'] ?? 'application/octet-stream',
    bytes,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    uploader: viewer.login,
    createdAt: world.time(),
    downloads: 0,
  }
  release.assets.push(asset)
  return asset
}

function assetOf(world: World, { parameters, viewer }: Call): { release: ReleaseState; asset: AssetState } {
  for (const release of world.releases) {
    if (release.isDraft && !viewer.isWriter) continue
    const asset = release.assets.find(({ id }) => String(id) === parameters['asset_id'])
    if (asset !== undefined) return { release, asset }
  }
  throw notFound()
}

/** The bytes with `Accept: application/octet-stream`, often by way of another address. */
function read(world: World, call: Call): Answer {
  const { release, asset } = assetOf(world, call)
  if (call.headers.accept?.includes('application/octet-stream') !== true)
    return ok(assetShape(world, release, asset))
  if (asset.state === 'starter') throw notFound()
  if (world.switches.assetRedirects) {
    const location = `${world.settings.storage}/storage/${asset.id}?name=${encodeURIComponent(asset.name)}`
    return { status: 302, headers: { location } }
  }
  return assetBytes(asset)
}

export function assetBytes(asset: AssetState): Answer {
  asset.downloads += 1
  return { status: 200, bytes: asset.bytes, headers: { 'content-type': 'application/octet-stream' } }
}

function update(world: World, call: Call): Answer {
  const { release, asset } = assetOf(world, call)
  refuseImmutable(release)
  const { name, label } = call.body
  if (typeof name === 'string') asset.name = assetName(name)
  if (typeof label === 'string') asset.label = label
  return ok(assetShape(world, release, asset))
}

function remove(world: World, call: Call): Answer {
  const { release, asset } = assetOf(world, call)
  refuseImmutable(release)
  release.assets.splice(release.assets.indexOf(asset), 1)
  return noContent
}
