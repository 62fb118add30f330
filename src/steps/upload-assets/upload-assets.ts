import { z } from 'zod'
import type { Artifact } from '../../artifacts/artifact.ts'
import type { ForgeRelease } from '../../forge/forge.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Change, Step } from '../../pipeline/step.ts'
import { artifactsOf, projectStore } from '../artifacts.ts'
import { type Choice, choice } from '../choice.ts'
import { openForge } from '../forge-choice.ts'

type Options = { readonly forge: Choice; readonly tag: string; readonly from: readonly string[] }
type Result = { readonly assets: JsonObject }

interface Evidence {
  readonly release: ForgeRelease
  readonly missing: readonly Artifact[]
  readonly different: readonly Artifact[]
  readonly digests: JsonObject
}

/** Uploads what the named steps made. An asset with other bytes is refused, never replaced behind anybody's back. */
export const uploadAssets: Step<Options, Result, Evidence> = {
  name: 'upload-assets',
  describe: 'Uploads artifacts of other steps to the draft release.',
  options: z.object({ forge: choice, tag: z.string(), from: z.array(z.string()) }),
  async probe({ forge, tag, from }, context) {
    const release = await openForge(forge, context).findRelease(tag)
    if (release === undefined) return { state: 'absent' }
    return { state: 'present', evidence: compare(release, artifactsOf(context, from)) }
  },
  decide({ tag, from }, probe, context) {
    if (probe.state !== 'present') return creation(tag, artifactsOf(context, from))
    const { release, missing, different, digests } = probe.evidence
    const [first] = different
    if (first !== undefined) return refusal(tag, first)
    if (missing.length === 0) {
      const count = Object.keys(digests).length
      return { kind: 'keep', summary: `${count} assets of ${tag} are there`, result: { assets: digests } }
    }
    if (release.state === 'published') return refusalPublished(tag, missing)
    return creation(tag, missing)
  },
  async act(_change, { forge, tag, from }, context) {
    const [store, port] = [await projectStore(context), openForge(forge, context)]
    const artifacts = artifactsOf(context, from)
    const release = await port.findRelease(tag)
    const pending = release === undefined ? artifacts : compare(release, artifacts).missing
    for (const artifact of pending) {
      context.log(`uploading ${artifact.name}`)
      const file = await store.verifiedPath(artifact.digest)
      await port.uploadAsset(tag, { name: artifact.name, file, digest: artifact.digest })
    }
    return { assets: digestsOf(artifacts) }
  },
}

function compare(release: ForgeRelease, wanted: readonly Artifact[]): Evidence {
  const there = new Map(release.assets.map((asset) => [asset.name, asset]))
  return {
    release,
    missing: wanted.filter(({ name }) => !there.has(name)),
    different: wanted.filter((artifact) => {
      const asset = there.get(artifact.name)
      return asset !== undefined && (asset.digest ?? artifact.digest) !== artifact.digest
    }),
    digests: digestsOf(wanted),
  }
}

const digestsOf = (artifacts: readonly Artifact[]): JsonObject =>
  Object.fromEntries(artifacts.map(({ name, digest }) => [name, digest]))

function creation(tag: string, artifacts: readonly Artifact[]): Change<Result> {
  const names = artifacts.map(({ name }) => name)
  return { kind: 'create', summary: `${names.length} assets on ${tag}`, detail: names }
}

function refusal(tag: string, { name }: Artifact): Change<Result> {
  return {
    kind: 'refuse',
    code: 'ASSET_SWAP',
    message: `The release "${tag}" already has an asset "${name}" with other bytes.`,
    hint: 'Released bytes never change. Choose the next version; for a draft, remove the asset if it is not yours.',
  }
}

function refusalPublished(tag: string, missing: readonly Artifact[]): Change<Result> {
  const names = missing.map(({ name }) => `"${name}"`).join(', ')
  return {
    kind: 'refuse',
    code: 'RELEASE_IMMUTABLE',
    message: `The release "${tag}" is published and has no asset ${names}.`,
    hint: 'A published release gets no new assets. Choose the next version.',
  }
}
