import type { Json } from './openapi.ts'
import { nodeId, userShape } from './repository-shapes.ts'
import type { AssetState, ReleaseState, World } from './world.ts'

type Shape = { [key: string]: Json }

/** A draft has an address of its own, as its tag need not be there. */
const pageOf = (release: ReleaseState): string =>
  release.isDraft ? `untagged-${release.id.toString(16).padStart(20, '0')}` : encodeURIComponent(release.tag)

export function releaseShape(world: World, release: ReleaseState): Shape {
  const url = `${world.api}/releases/${release.id}`
  return {
    url,
    html_url: `${world.html}/releases/tag/${pageOf(release)}`,
    assets_url: `${url}/assets`,
    upload_url: `${world.settings.origin}/api/uploads/repos/${world.fullName}/releases/${release.id}/assets{?name,label}`,
    tarball_url: release.isDraft ? null : `${world.api}/tarball/${release.tag}`,
    zipball_url: release.isDraft ? null : `${world.api}/zipball/${release.tag}`,
    id: release.id,
    node_id: nodeId('Release', release.id),
    tag_name: release.tag,
    target_commitish: release.target,
    name: release.name,
    body: release.body,
    draft: release.isDraft,
    prerelease: release.isPrerelease,
    immutable: release.isImmutable,
    created_at: release.createdAt,
    published_at: release.publishedAt,
    author: userShape(world, release.author),
    assets: release.assets.map((asset) => assetShape(world, release, asset)),
  }
}

export function assetShape(world: World, release: ReleaseState, asset: AssetState): Shape {
  return {
    url: `${world.api}/releases/assets/${asset.id}`,
    browser_download_url: `${world.html}/releases/download/${pageOf(release)}/${encodeURIComponent(asset.name)}`,
    id: asset.id,
    node_id: nodeId('ReleaseAsset', asset.id),
    name: asset.name,
    label: asset.label,
    state: asset.state,
    content_type: asset.contentType,
    size: asset.bytes.length,
    digest: asset.state === 'starter' ? null : asset.digest,
    download_count: asset.downloads,
    created_at: asset.createdAt,
    updated_at: asset.createdAt,
    uploader: userShape(world, asset.uploader),
  }
}
