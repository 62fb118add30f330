import type { Config, ImageConfig } from '../config/config.ts'
import { UserError } from '../errors.ts'
import type { Digest } from '../lib/digest.ts'
import { layersAt } from '../oci/attach.ts'
import { readGraph } from '../oci/copy.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { OciStore } from '../oci/oci-store.ts'
import { readManifest } from '../oci/read-manifest.ts'
import { bundleMediaType } from '../signing/artifact-signer.ts'
import { predicateTypes } from '../signing/statement.ts'
import type { ArtifactVerifier } from '../signing/verify/artifact-verifier.ts'
import { artifactVerifier } from '../signing/verify/open-verifier.ts'
import { openArtifactSigner } from '../steps/keys.ts'
import { cosignTag } from '../steps/pushed.ts'
import { openRepositoryOf } from '../steps/registries.ts'
import { contextOutside, type OutsideRun } from './open-declared.ts'

export interface ImageFindings {
  readonly findings: readonly { readonly code: string; readonly message: string }[]
  readonly verified: readonly string[]
}

/** Images as users get them: their tags, every byte of them, and their signatures and statements, checked without network but that of the registry. */
export async function verifyImages(config: Config, outside: OutsideRun): Promise<ImageFindings> {
  const findings: { code: string; message: string }[] = []
  const verified: string[] = []
  for (const image of Object.values(config.images)) {
    const verifiers = await verifiersOf(image, config, outside)
    for (const repository of image.push) {
      outside.log(`reading the image ${repository}`)
      const store = openRepositoryOf(repository, config.registries, contextOutside(outside))
      try {
        verified.push(await verifyOne({ image, repository, store, verifiers, signal: outside.signal }))
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        findings.push({ code: error.code, message: `${repository}: ${error.message}` })
      }
    }
  }
  return { findings, verified }
}

interface NamedVerifier {
  readonly key: string
  readonly verifier: ArtifactVerifier
}

async function verifiersOf(
  { sign }: ImageConfig,
  { keys }: Config,
  outside: OutsideRun,
): Promise<readonly NamedVerifier[]> {
  const verifiers: NamedVerifier[] = []
  for (const key of sign) {
    const chosen = keys[key]
    if (chosen === undefined) continue
    const { publicKeyPem } = await openArtifactSigner(chosen, contextOutside(outside))
    if (publicKeyPem === undefined) continue
    verifiers.push({ key, verifier: await artifactVerifier({ publicKeysPem: [publicKeyPem] }) })
  }
  return verifiers
}

interface Verification {
  readonly image: ImageConfig
  readonly repository: string
  readonly store: OciStore
  readonly verifiers: readonly NamedVerifier[]
  readonly signal: AbortSignal
}

async function verifyOne(verification: Verification): Promise<string> {
  const { image, repository, store, verifiers, signal } = verification
  const digests = new Set<Digest>()
  for (const tag of image.tags) {
    const found = await store.resolve(tag, { signal })
    if (found === undefined) throw finding('IMAGE_ABSENT', `the tag "${tag}" does not exist.`)
    digests.add(found.digest)
  }
  const [digest, other] = digests
  if (digest === undefined || other !== undefined)
    throw finding('IMAGE_TAGS', `the tags ${image.tags.join(' and ')} name different images.`)
  const manifests = await readWhole(store, digest, signal)
  for (const subject of manifests) {
    for (const verifier of verifiers) await verifySigned(verification, subject, verifier)
  }
  const signed =
    verifiers.length === 0 ? 'not signed' : `signed by ${verifiers.map(({ key }) => key).join(', ')}`
  const attested = image.attest && verifiers.length > 0 ? ', attested' : ''
  return `image ${repository}@${digest}, ${manifests.length} manifests, ${signed}${attested}`
}

/** Every blob is fetched, and compared with its digest on the way. */
async function readWhole(
  store: OciStore,
  digest: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const root = await store.manifest(digest, { signal })
  if (root === undefined) throw finding('IMAGE_ABSENT', `${digest} does not exist.`)
  const { manifests, blobs } = await readGraph(store, root, signal)
  for (const blob of blobs) for await (const _piece of store.blob(blob, { signal }));
  return manifests.map(({ mediaType, digest: own, bytes }) => ({
    mediaType,
    digest: own,
    size: bytes.length,
  }))
}

async function verifySigned(
  { image, store, signal }: Verification,
  { digest }: Descriptor,
  { key, verifier }: NamedVerifier,
): Promise<void> {
  const layers = await layersAt(store, cosignTag(digest, 'sig'), { signal })
  const bySimple = await anyOf(layers, async (layer) => {
    await verifier.verifySimple(await bytesOf(store, layer, signal), layer.annotations ?? {}, digest)
  })
  if (!bySimple) throw finding('IMAGE_UNSIGNED', `${digest} has no signature of "${key}".`)
  const wanted = new Set<string>([
    predicateTypes.cosignSign,
    ...(image.attest ? [predicateTypes.slsaProvenance, predicateTypes.cyclonedx, predicateTypes.spdx] : []),
  ])
  for (const referrer of await store.referrers(digest, { signal, artifactType: bundleMediaType })) {
    await anyOf(await layersOf(store, referrer, signal), async (layer) => {
      const { statement } = await verifier.verifyBundle(await bytesOf(store, layer, signal), digest)
      wanted.delete(statement.predicateType)
    })
  }
  const [missing] = wanted
  if (missing !== undefined)
    throw finding('IMAGE_UNATTESTED', `${digest} has no "${missing}" signed by "${key}".`)
}

/** Others may sign the same image with keys of their own: only that one of them is ours counts. */
async function anyOf(
  layers: readonly Descriptor[],
  check: (layer: Descriptor) => Promise<void>,
): Promise<boolean> {
  for (const layer of layers) {
    try {
      await check(layer)
      return true
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  }
  return false
}

async function layersOf(
  store: OciStore,
  { digest }: Descriptor,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const found = await store.manifest(digest, { signal })
  const parsed = found && readManifest(found, `${store.location}@${digest}`)
  return parsed?.kind === 'manifest' ? parsed.manifest.layers : []
}

const proofBytesMax = 64 << 20

async function bytesOf(store: OciStore, layer: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  if (layer.size > proofBytesMax)
    throw finding('IMAGE_PROOF', `a signature of ${layer.size} bytes is not read.`)
  const pieces: Uint8Array[] = []
  for await (const piece of store.blob(layer, { signal })) pieces.push(piece)
  return Buffer.concat(pieces)
}

const finding = (code: string, message: string): UserError => new UserError(code, message)
