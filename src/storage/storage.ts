import type { Readable } from 'node:stream'

/** Opaque proof of one state of one object: an ETag, or a digest on a file system. */
export type ObjectVersion = string

export interface ObjectInfo {
  readonly path: string
  readonly sizeBytes: number
  readonly version: ObjectVersion
}

export interface StoredObject extends ObjectInfo {
  body(): Readable
  bytes(): Promise<Uint8Array>
}

/** `replaceOf: undefined` writes whatever is there; only for content whose name contains its digest. */
export interface PutOptions {
  readonly condition?: { readonly ifAbsent: true } | { readonly ifVersion: ObjectVersion }
  readonly contentType?: string
  /** `entry`: must be revalidated on every read. `immutable`: the name never changes its bytes. */
  readonly caching?: 'entry' | 'immutable'
  readonly signal?: AbortSignal
}

export type PutBody = Uint8Array | { readonly file: string; readonly sizeBytes: number }

/**
 * A tree of objects. Absent is an answer (`undefined`); what cannot be known throws (TransientError, UserError),
 * so that a caller can never take "unknown" for "absent". Paths are relative, `/`-separated, without `.` or `..`.
 */
export interface Storage {
  /** For people: where it is, without credentials. */
  readonly location: string
  head(path: string): Promise<ObjectInfo | undefined>
  get(
    path: string,
    range?: { readonly start: number; readonly end?: number },
  ): Promise<StoredObject | undefined>
  /**
   * Atomic: readers see the old object or the whole new one, and it is durable when the promise resolves. With a
   * condition that does not hold: `{ status: 'conflict' }`, and nothing is written.
   */
  put(path: string, body: PutBody, options?: PutOptions): Promise<PutResult>
  /** In byte order of the paths. */
  list(prefix: string): AsyncIterable<ObjectInfo>
  /** No error when it is absent. */
  delete(path: string): Promise<void>
}

export type PutResult =
  | { readonly status: 'written'; readonly version: ObjectVersion }
  | { readonly status: 'conflict' }
