import { digestOf } from '../../lib/digest.ts'
import type { RawManifest } from '../../oci/descriptor.ts'
import type { OciStore } from '../../oci/oci-store.ts'
import { descriptorOf, readManifest } from '../../oci/read-manifest.ts'

export interface MemoryStore extends OciStore {
  readonly blobs: Map<string, Uint8Array>
  /** What was written, in order. */
  readonly writes: string[]
}

/** As strict as a registry: a manifest may only name what is there. */
export function memoryStore(location = 'registry.example.org/modules'): MemoryStore {
  const blobs = new Map<string, Uint8Array>()
  const manifests = new Map<string, RawManifest>()
  const tags = new Map<string, string>()
  const writes: string[] = []
  const manifest: OciStore['manifest'] = async (reference) => manifests.get(tags.get(reference) ?? reference)
  return {
    location,
    blobs,
    writes,
    manifest,
    hasBlob: async ({ digest }) => blobs.has(digest),
    blob: async function* ({ digest }) {
      const found = blobs.get(digest)
      if (found === undefined) throw new Error(`no blob ${digest}`)
      yield found
    },
    putBlob: async ({ digest, open }) => {
      if (blobs.has(digest)) return 'present'
      const pieces: Uint8Array[] = []
      for await (const piece of open()) pieces.push(piece)
      const bytes = Buffer.concat(pieces)
      if (digestOf(bytes) !== digest) throw new Error(`other bytes than ${digest}`)
      blobs.set(digest, bytes)
      writes.push(`blob ${digest}`)
      return 'uploaded'
    },
    resolve: async (reference) => {
      const found = await manifest(reference)
      return found && descriptorOf(found)
    },
    putManifest: async (raw, tag) => {
      const parsed = readManifest(raw, location)
      if (parsed.kind === 'manifest') {
        for (const { digest } of [parsed.manifest.config, ...parsed.manifest.layers]) {
          if (!blobs.has(digest)) throw new Error(`the manifest names ${digest}, which is not there`)
        }
      }
      manifests.set(raw.digest, raw)
      if (tag !== undefined) tags.set(tag, raw.digest)
      writes.push(`manifest ${tag ?? raw.digest}`)
    },
    tags: async function* () {
      yield* tags.keys()
    },
    referrers: async () => [],
  }
}
