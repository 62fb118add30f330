import type { Environment } from '../lib/child.ts'
import type { Digest } from '../lib/digest.ts'
import type { Signer } from '../signing/signer.ts'
import type { Contents, GeneratedNotes, PullRequests, Removal, Statuses, Workflows } from './forge-parts.ts'

/** What a kind of forge gets from its caller, beside its options. */
export interface ForgeContext {
  /** Absolute path of the project, which paths in options are relative to. */
  readonly root: string
  readonly environment: Environment
  readonly signal?: AbortSignal
  /** Tokens are masked in everything that is shown. Absent in tests that show nothing. */
  readonly maskSecret?: (secret: string | Uint8Array) => void
}

/** A tag as the forge has it now. */
export interface Tag {
  readonly name: string
  /** The commit it points to, peeled. */
  readonly commit: string
  readonly annotated: boolean
  readonly signed: boolean
  /** The date in an annotated tag; absent where the forge does not tell. Hawser's tags have the date that they were given, not the clock's. */
  readonly date?: Date
}

export interface NewTag {
  readonly name: string
  /** Full id. */
  readonly commit: string
  readonly message: string
  readonly date: Date
  /** Signs the tag. Refused by a forge that cannot keep such a signature. */
  readonly signer?: Signer
}

export interface ReleaseAsset {
  readonly name: string
  readonly sizeBytes: number
  /** Undefined where the forge does not store one. */
  readonly digest: Digest | undefined
}

export interface ForgeRelease {
  readonly tag: string
  readonly name: string
  readonly state: 'draft' | 'published'
  /** Published for good: the forge refuses every change of it. */
  readonly isImmutable?: boolean
  /** When it was published, by the clock of the forge. */
  readonly publishedAt?: Date
  readonly isPrerelease: boolean
  readonly notes: string
  /** The commit the tag is to point to, or points to. */
  readonly commit: string
  readonly assets: readonly ReleaseAsset[]
  /** For people: where it can be looked at. */
  readonly url: string
}

export interface NewRelease {
  readonly tag: string
  readonly name: string
  readonly notes: string
  readonly commit: string
  readonly isPrerelease: boolean
}

/**
 * Where tags, drafts, releases and assets are. `undefined` means absent; what cannot be known throws. Writes are
 * idempotent: repeated with the same arguments they change nothing; with others they refuse (Refusal).
 * Kinds: forge/local, and forge/github later, for which every member below has one API call or a few.
 */
export interface Forge {
  /** For people: where it is, without credentials. */
  readonly location: string
  /** The commit of a branch, tag or id; undefined when there is none. */
  resolve(revision: string): Promise<string | undefined>
  findTag(name: string): Promise<Tag | undefined>
  listTags(): Promise<readonly Tag[]>
  createTag(tag: NewTag): Promise<Tag>
  /** Finds drafts too. */
  findRelease(tag: string): Promise<ForgeRelease | undefined>
  listReleases(): Promise<readonly ForgeRelease[]>
  createDraft(release: NewRelease): Promise<ForgeRelease>
  uploadAsset(
    tag: string,
    asset: { readonly name: string; readonly file: string; readonly digest: Digest },
  ): Promise<ReleaseAsset>
  /** The bytes as a user would get them. */
  downloadAsset(tag: string, name: string): Promise<AsyncIterable<Uint8Array>>
  publish(tag: string): Promise<ForgeRelease>
  /** False when a published release still has traces of its making, which `publish` removes. Absent where none can be. */
  isTidy?(tag: string): Promise<boolean>
  /** Commits reachable from `to` and not from `from` (undefined: from the beginning), newest first. */
  commitsBetween(from: string | undefined, to: string): Promise<readonly Commit[]>
  readonly pullRequests?: PullRequests
  readonly statuses?: Statuses
  readonly workflows?: Workflows
  readonly generatedNotes?: GeneratedNotes
  readonly removal?: Removal
  readonly contents?: Contents
  /** The branch that releases are made from. */
  defaultBranch?(): Promise<string>
}

export interface Commit {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly author: string
  /** Seconds since 1970. */
  readonly date: number
}
