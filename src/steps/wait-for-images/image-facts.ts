import { isDigest } from '../../lib/digest.ts'
import { readConfig } from '../../oci/image-config.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import { readManifest } from '../../oci/read-manifest.ts'

/** What an image says of its own making; artifacts that are no images say less. */
export interface ImageFacts {
  readonly created: Date | undefined
  /** The commit it was built from: org.opencontainers.image.revision, of the manifest or of the configuration. */
  readonly revision: string | undefined
}

const revisionKey = 'org.opencontainers.image.revision'
const unknown: ImageFacts = { created: undefined, revision: undefined }

/** Of an index: what its first image says, unless the index says it itself. */
export async function imageFacts(
  store: OciStore,
  reference: string,
  signal: AbortSignal,
): Promise<ImageFacts> {
  const where = `${store.location}${isDigest(reference) ? '@' : ':'}${reference}`
  const raw = await store.manifest(reference, { signal })
  if (raw === undefined) return unknown
  const parsed = readManifest(raw, where)
  if (parsed.kind === 'index') {
    const own = parsed.index.annotations?.[revisionKey]
    const [first] = parsed.index.manifests
    const inner = first === undefined ? unknown : await imageFacts(store, first.digest, signal)
    return { created: inner.created, revision: own ?? inner.revision }
  }
  const annotated = parsed.manifest.annotations?.[revisionKey]
  if (
    !/^application\/vnd\.(oci|docker)\.(image\.config|container\.image)\./.test(
      parsed.manifest.config.mediaType,
    )
  ) {
    return { created: undefined, revision: annotated }
  }
  const { created, config } = await readConfig(store, parsed.manifest, where, signal)
  return { created: dateOf(created), revision: annotated ?? config?.Labels?.[revisionKey] }
}

function dateOf(text: string | undefined): Date | undefined {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? undefined : new Date(time)
}
