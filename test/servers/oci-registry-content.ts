import type { Reply, SeenRequest } from './oci-registry-reply.ts'

export interface StoredManifest {
  readonly bytes: Buffer
  readonly mediaType: string
}

export interface Repository {
  readonly blobs: Map<string, Buffer>
  readonly manifests: Map<string, StoredManifest>
  readonly tags: Map<string, string>
}

interface ParsedManifest {
  readonly config?: { readonly digest: string; readonly mediaType: string }
  readonly layers?: readonly { readonly digest: string }[]
  readonly manifests?: readonly { readonly digest: string }[]
  readonly subject?: { readonly digest: string }
  readonly artifactType?: string
  readonly annotations?: object
}

/** A manifest is only taken when what it names is there. */
export function missingIn(body: Buffer, { blobs, manifests }: Repository): string | undefined {
  const parsed = JSON.parse(body.toString()) as ParsedManifest
  const missingBlob = [parsed.config, ...(parsed.layers ?? [])].find(
    (blob) => blob !== undefined && !blobs.has(blob.digest),
  )
  const missingChild = (parsed.manifests ?? []).find(({ digest }) => !manifests.has(digest))
  return missingBlob?.digest ?? missingChild?.digest
}

export function referrersReply({ query }: SeenRequest, { manifests }: Repository, subject: string): Reply {
  const wanted = query.get('artifactType')
  const found = [...manifests].flatMap(([digest, { bytes, mediaType }]) => {
    const parsed = JSON.parse(bytes.toString()) as ParsedManifest
    if (parsed.subject?.digest !== subject) return []
    const artifactType = parsed.artifactType ?? parsed.config?.mediaType
    return [{ mediaType, digest, size: bytes.length, artifactType, annotations: parsed.annotations }]
  })
  const shown = wanted === null ? found : found.filter(({ artifactType }) => artifactType === wanted)
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: shown }))
  return {
    status: 200,
    headers: {
      'content-type': mediaType,
      ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    },
    body,
  }
}
