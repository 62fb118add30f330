import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ByteStream } from '../../archive/compression.ts'
import { ownerName } from '../../artifacts/scratch.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { fileSystemError, removeQuietly } from '../../lib/atomic-file.ts'
import type { KeptLayer } from '../../oci/docker-archive.ts'

/** Unpacked layers in a scratch folder: tar wants to know their sizes before their bytes. */
export async function keptLayers(store: ArtifactStore) {
  const folder = join(await store.scratch('temporary'), ownerName())
  await mkdir(folder)
  let count = 0
  return {
    async keep(layer: ByteStream, signal: AbortSignal): Promise<KeptLayer> {
      const path = join(folder, String(count++))
      const file = createWriteStream(path)
      try {
        await pipeline(Readable.from(layer), file, { signal })
      } catch (error) {
        throw fileSystemError(error, 'write', path)
      }
      return { sizeBytes: file.bytesWritten, open: () => createReadStream(path) }
    },
    remove: () => removeQuietly(folder),
  }
}
