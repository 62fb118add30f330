import { assetBytes } from './asset-routes.ts'
import type { Answer } from './exchange.ts'
import type { World } from './world.ts'
import { zip } from './zip.ts'

/** Addresses that are not of the API: where the bytes of assets, logs and artifacts are, and where people download assets. */
export function storedFile(world: World, path: string, authorization: string | undefined): Answer {
  const [, kind, id] = /^\/storage\/(?:([a-z-]+)\/)?(\d+)$/.exec(path) ?? []
  if (id === undefined) return published(world, path)
  // Object stores refuse credentials that are not theirs.
  if (authorization !== undefined)
    return { status: 400, bytes: Buffer.from('Only one auth mechanism allowed') }
  if (kind === undefined) {
    const asset = world.releases.flatMap(({ assets }) => assets).find((one) => String(one.id) === id)
    return asset === undefined ? { status: 404 } : assetBytes(asset)
  }
  const bytes = kind === 'artifact' ? artifactBytes(world, id) : logBytes(world, kind, id)
  if (bytes === undefined) return { status: 404 }
  const type = kind === 'job-log' ? 'text/plain' : 'application/zip'
  return { status: 200, bytes, headers: { 'content-type': type } }
}

function published(world: World, path: string): Answer {
  const prefix = `/${world.fullName}/releases/download/`
  if (!path.startsWith(prefix)) return { status: 404 }
  const [tag, name] = path.slice(prefix.length).split('/').map(decodeURIComponent)
  const release = world.releases.find((one) => !one.isDraft && one.tag === tag)
  const asset = release?.assets.find((one) => one.name === name && one.state === 'uploaded')
  return asset === undefined ? { status: 404 } : assetBytes(asset)
}

function artifactBytes(world: World, id: string): Buffer | undefined {
  return world.runs.flatMap(({ artifacts }) => artifacts).find((one) => String(one.id) === id)?.bytes
}

function logBytes(world: World, kind: string, id: string): Buffer | undefined {
  const run = world.runs.find((one) => String(one.id) === id)
  if (run === undefined) return undefined
  const log = Buffer.from(run.log)
  return kind === 'job-log' ? log : zip({ [`0_${run.workflow.name}.txt`]: log })
}
