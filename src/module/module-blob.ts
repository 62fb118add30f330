import { digestOf } from '../lib/digest.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { layerTar } from '../oci/layers/layer-tar.ts'
import type { BlobSource } from '../oci/oci-store.ts'

/** A layer of a module, whole in memory: manifests and descriptors are small. */
export interface ModuleBlob {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

export const moduleBlob = (
  mediaType: string,
  bytes: Uint8Array,
  annotations?: Descriptor['annotations'],
): ModuleBlob => ({
  bytes,
  descriptor: {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    ...(annotations !== undefined && { annotations }),
  },
})

export const sourceOf = ({ descriptor, bytes }: ModuleBlob): BlobSource => ({
  digest: descriptor.digest,
  sizeBytes: descriptor.size,
  open: async function* (startByte = 0) {
    yield bytes.subarray(startByte)
  },
})

/** 2022-01-01, the time that OCM's library gives to the members of its archives. */
export const archiveTime = Date.UTC(2022, 0, 1) / 1000

/** A tar archive of one file, the same for the same content. */
export async function oneFileTar(path: string, content: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const entry = {
    type: 'file',
    path,
    mode: 0o644,
    ownerId: 0,
    groupId: 0,
    sizeBytes: content.length,
    open: async function* () {
      yield content
    },
  } as const
  for await (const piece of layerTar([entry], archiveTime)) pieces.push(piece)
  return Buffer.concat(pieces)
}
