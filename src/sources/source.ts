import type { ArtifactStore } from '../artifacts/store.ts'
import type { Environment } from '../lib/child.ts'
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
  /** What `fetch` would give, when that is known without the network and without writing. For planning. */
  peek(signal: AbortSignal): Promise<FetchedSource | undefined>
  /** Fetches into the store, or finds it there; a mismatch with the pin throws and keeps nothing. */
  fetch(signal: AbortSignal): Promise<FetchedSource>
  /** The pin of what is there now, for a version that was changed. Absent where nothing is pinned. */
  newPin?(inspection: Inspection): Promise<NewPin>
}

/** One option of a source that pins, and what it is to be. */
export interface NewPin {
  readonly option: string
  readonly from: string
  readonly to: string
  /** For people: who says that these are the right bytes. Empty: only the server that gave them. */
  readonly vouchers: readonly string[]
}

export interface Inspection {
  readonly signal: AbortSignal
  /** Checks a detached signature against keys that are named as `file:PATH` or `env:NAME`; gives the fingerprint. */
  verifySignature(data: Uint8Array, signature: Uint8Array, signedBy: readonly string[]): Promise<string>
}

/** What every source is created with. */
export interface SourceContext {
  /** The project's folder, absolute. */
  readonly root: string
  readonly store: ArtifactStore
  /** Where proxies, npm's settings and credentials of git are found. */
  readonly environment: Environment
  /** Told about each attempt that failed and will be repeated. */
  readonly onRetry?: (message: string) => void
  /** Keeps a secret out of what is printed. */
  readonly maskSecret?: (secret: string | Uint8Array) => void
  /** How to wait between attempts; tests give their own. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<void>
}
