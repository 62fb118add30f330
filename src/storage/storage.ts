import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Provider } from '../provider.ts'

/** Opaque proof of one state of one object: an ETag, or a digest on a file system. */
export type ObjectVersion = string

export interface ListedObject {
  readonly path: string
  readonly sizeBytes: number
  /** By the clock of the storage, to the second at worst. */
  readonly modifiedAt: Date
}

export interface ObjectInfo extends ListedObject {
  readonly version: ObjectVersion
}

export interface ReadObjectOptions {
  readonly signal?: AbortSignal | undefined
}

export interface GetOptions extends ReadObjectOptions {
  /** First byte and the byte after the last one; beyond the end is cut off, as with HTTP ranges. */
  readonly range?: { readonly start: number; readonly end?: number }
}

/** `sizeBytes` and `version` are the whole object's; the body is the range's. */
export interface StoredObject extends ObjectInfo {
  body(): Readable
  bytes(): Promise<Uint8Array>
}

/** Objects below it are in use for moments only: an old one is what a killed process left, and anyone may delete it. */
export const temporaryFolder = '.hawser/temporary/'

/** Without a `condition` it writes whatever is there: for names that repeat what a conditional object says. */
export interface PutOptions {
  readonly condition?: { readonly ifAbsent: true } | { readonly ifVersion: ObjectVersion }
  readonly contentType?: string
  /** `entry`: must be revalidated on every read. `immutable`: the name never changes its bytes. */
  readonly caching?: 'entry' | 'immutable'
  readonly signal?: AbortSignal | undefined
}

/** A part of an object that is composed: new bytes, or bytes `start` up to `end` of an object of the same storage. */
export type Piece = Uint8Array | { readonly from: string; readonly start: number; readonly end: number }

/** Composing and copying are for names that hold one content for ever, or that repeat what another object says. */
export type CopyOptions = Omit<PutOptions, 'condition'>

export type PutBody = Uint8Array | { readonly file: string; readonly sizeBytes: number }

/**
 * A tree of objects. Absent is an answer (`undefined`); what cannot be known throws (TransientError, UserError),
 * so that a caller can never take "unknown" for "absent". Paths are relative, `/`-separated, without `.` or `..`.
 */
export interface Storage {
  /** For people: where it is, without credentials. */
  readonly location: string
  /** Where clients find it when nobody says otherwise, e.g. `file:///srv/apt`. */
  readonly url: string
  head(path: string, options?: ReadObjectOptions): Promise<ObjectInfo | undefined>
  get(path: string, options?: GetOptions): Promise<StoredObject | undefined>
  /**
   * Atomic: readers see the old object or the whole new one, and it is durable when the promise resolves. With a
   * condition that does not hold: `{ status: 'conflict' }`. Then this body is not there, but it may have been: written, its
   * answer lost, and already followed by another writer's. Who tries again looks first whether its change is in.
   */
  put(path: string, body: PutBody, options?: PutOptions): Promise<PutResult>
  /**
   * Writes an object made of pieces, in their order, without moving existing bytes through this machine where the
   * storage can avoid it. Atomic as `put`. Throws a UserError when a source is absent or shorter than `end`.
   */
  compose(path: string, pieces: readonly Piece[], options?: CopyOptions): Promise<void>
  /**
   * Copies one object, inside the storage where it can (`from` may be another storage of the same kind and place), else
   * through this machine. Atomic as `put`. False when the source is absent; nothing is written then.
   */
  copy(from: CopySource, path: string, options?: CopyOptions): Promise<boolean>
  /** Every object whose path begins with `prefix` (any string, as in S3), in byte order of the paths. */
  list(prefix: string, options?: ReadObjectOptions): AsyncIterable<ListedObject>
  /** No error when it is absent. */
  delete(path: string, options?: ReadObjectOptions): Promise<void>
}

export type PutResult =
  | { readonly status: 'written'; readonly version: ObjectVersion }
  | { readonly status: 'conflict' }

export interface CopySource {
  /** Without it: this storage. */
  readonly storage?: Storage
  readonly path: string
}

export interface StorageContext {
  /** Absolute; what relative paths in the options are relative to. */
  readonly folder: string
}

export type StorageProvider<Options extends z.ZodObject = z.ZodObject> = Provider<
  Storage,
  Options,
  StorageContext
>
