import type { Digest } from '../lib/digest.ts'

/** What a source gave: a file in the content-addressed store, or a tree of such files (from an archive or git). */
export interface FetchedSource {
  /** Digest of the file, or of the canonical list of the tree (path, mode, digest). */
  readonly digest: Digest
  readonly files: readonly SourceFile[]
}

export interface SourceFile {
  /** Relative, `/`-separated; a single file has its own name. */
  readonly path: string
  readonly mode: number
  readonly digest: Digest
  readonly sizeBytes: number
  /** Set for a symbolic link inside a tree; then `digest` is that of the target's text. */
  readonly target?: string
}

/** One pinned place where files come from. Kinds: sources/file, /https, /npm, /git. */
export interface Source {
  /** For people: what is fetched, without credentials. */
  readonly describe: string
  /** Identity of the pinned content: the same key always means the same bytes. Undefined for a local file. */
  readonly pin: string | undefined
  /** Fetches into the store, or finds it there; a mismatch with the pin throws and keeps nothing. */
  fetch(signal: AbortSignal): Promise<FetchedSource>
}
