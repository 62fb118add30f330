import type { ByteStream } from '../archive/compression.ts'
import type { Descriptor } from './descriptor.ts'
import type { BlobSource, OciStore } from './oci-store.ts'

export interface StoredBlobOptions {
  /** Set when the store is a repository of the registry that the blob goes to. */
  readonly mountFrom?: BlobSource['mountFrom'] | undefined
  readonly signal?: AbortSignal | undefined
}

/** A blob that stays where it is until somebody needs its bytes: the layers of a base, and copies. */
export const storedBlob = (
  store: OciStore,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  { mountFrom, signal }: StoredBlobOptions = {},
): BlobSource => ({
  digest,
  sizeBytes: size,
  open: (startByte = 0) => skipTo(store.blob({ digest, size }, { signal }), startByte),
  ...(mountFrom !== undefined && { mountFrom }),
})

async function* skipTo(stream: ByteStream, startByte: number): ByteStream {
  let left = startByte
  for await (const piece of stream) {
    if (piece.length > left) yield left === 0 ? piece : piece.subarray(left)
    left = Math.max(0, left - piece.length)
  }
}
