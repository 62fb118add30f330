import type { ByteStream } from '../archive/compression.ts'
import type { Digest } from '../lib/digest.ts'
import type { Descriptor, RawManifest } from './descriptor.ts'

/** Bytes of a known digest that can be opened again, so that an upload that broke can be repeated or gone on with. */
export interface BlobSource {
  readonly digest: Digest
  readonly sizeBytes: number
  /** From this byte on; from the first one when not given. */
  open(startByte?: number): ByteStream
  /** Where the same registry already has it: the repository's path, for a mount instead of an upload. */
  readonly mountFrom?: { readonly registry: string; readonly repository: string }
}

export interface OciReadOptions {
  readonly signal?: AbortSignal | undefined
}

/** How a blob got there. */
export type BlobPut = 'present' | 'mounted' | 'uploaded'

/**
 * One repository of a registry, or one layout: blobs and manifests by digest, and tags that name manifests. Absent is an
 * answer (`undefined`, `false`); what cannot be known throws (TransientError, UserError), so that a caller can never
 * take "unknown" for "absent". What is read was checked against its digest and size before the reader sees its end.
 */
export interface OciStore {
  /** For people: `registry.example.org/team/app`, or a folder; without credentials. */
  readonly location: string
  hasBlob(blob: Pick<Descriptor, 'digest' | 'size'>, options?: OciReadOptions): Promise<boolean>
  /** Throws a UserError when it is absent, or not what its digest says. */
  blob(blob: Pick<Descriptor, 'digest' | 'size'>, options?: OciReadOptions): ByteStream
  putBlob(source: BlobSource, options?: OciReadOptions): Promise<BlobPut>
  /** By tag or digest, with the bytes as they were written. */
  manifest(reference: string, options?: OciReadOptions): Promise<RawManifest | undefined>
  /** As `manifest`, without its bytes where the store can (a registry counts no pull for it). */
  resolve(reference: string, options?: OciReadOptions): Promise<Descriptor | undefined>
  /**
   * Everything the manifest names has to be there before. Without a tag it is found by its digest only. A tag that
   * names something else is moved: policy is the caller's. A `subject` makes it a referrer of that manifest, with a
   * store's own way of finding it again (`referrers`).
   */
  putManifest(manifest: RawManifest, tag?: string, options?: OciReadOptions): Promise<void>
  /** In the order of the store. */
  tags(options?: OciReadOptions): AsyncIterable<string>
  /** Manifests whose `subject` is this digest; of the given `artifactType` only. In the order of the store. */
  referrers(
    subject: Digest,
    options?: OciReadOptions & { readonly artifactType?: string },
  ): Promise<readonly Descriptor[]>
}
