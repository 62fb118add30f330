/** Parts of a forge that only some kinds have. All promises of forge.ts hold: `undefined` is absent, unknown throws, writes are idempotent. */

export interface PullRequest {
  readonly number: number
  readonly title: string
  readonly url: string
  /** `closed` is closed without a merge. */
  readonly state: 'open' | 'merged' | 'closed'
  /** Branch it comes from, and the commit at its head. */
  readonly branch: string
  readonly headCommit: string
  /** Branch it goes to. */
  readonly base: string
  /** The commit on the base branch that it became; undefined unless merged. */
  readonly mergeCommit: string | undefined
  readonly labels: readonly string[]
  readonly author: string
}

export interface Review {
  readonly author: string
  readonly state: 'approved' | 'changes requested' | 'commented' | 'dismissed'
  readonly commit: string
  readonly submittedAt: Date
}

/** Files as a change of a branch. */
export interface BranchChange {
  readonly branch: string
  /** Branch that it starts from and goes to. */
  readonly base: string
  /** Path → whole new content. */
  readonly files: { readonly [path: string]: string }
  readonly message: string
  /**
   * The same change over the branch's head, asked for where other people committed to the branch: it is added to theirs.
   * Without it, such a branch is refused.
   */
  onTop?(head: string): Promise<{ readonly [path: string]: string }>
}

export interface PullRequests {
  /** Pull requests that brought a commit to the default branch; none or several are the caller's findings. */
  ofCommit(commit: string): Promise<readonly PullRequest[]>
  /** By the branch it comes from: the open one, else the one that was closed or merged last. */
  fromBranch(branch: string): Promise<PullRequest | undefined>
  find(number: number): Promise<PullRequest | undefined>
  /** Makes or updates the branch (one commit on the base, by force only over what this call made before) and the open pull request. Never a second one. */
  propose(
    change: BranchChange & {
      readonly title: string
      readonly body: string
      readonly labels: readonly string[]
    },
  ): Promise<PullRequest>
  reviews(number: number): Promise<readonly Review[]>
  /** Who owns the paths, by CODEOWNERS of the base branch: users (`@name`) and teams (`@org/team`). */
  codeOwners(paths: readonly string[], base: string): Promise<readonly string[]>
}

export interface CommitStatus {
  /** The name, such as `post-btp-manager-build`. */
  readonly context: string
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  readonly description: string
  readonly url: string | undefined
  /** By the clock of the forge. */
  readonly reportedAt: Date
}

export interface Statuses {
  /** The newest of each context, of commit statuses and of check runs. */
  ofCommit(commit: string): Promise<readonly CommitStatus[]>
  report(commit: string, status: Omit<CommitStatus, 'reportedAt'>): Promise<void>
}

export interface WorkflowRun {
  readonly id: string
  readonly url: string
  readonly commit: string
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
  readonly attempt: number
  readonly startedAt: Date
}

export interface Workflows {
  /** Starts a workflow once for `key` (an input that the workflow passes into its run name): repeated, it finds the run that it started. */
  dispatch(request: {
    readonly workflow: string
    readonly ref: string
    readonly inputs: { readonly [name: string]: string }
    readonly key: string
  }): Promise<WorkflowRun>
  find(id: string): Promise<WorkflowRun | undefined>
  cancel(id: string): Promise<void>
  logs(id: string): Promise<AsyncIterable<Uint8Array>>
}

/** Release notes that the forge writes from pull requests, grouped as its configuration says. */
export interface GeneratedNotes {
  generate(request: {
    readonly tag: string
    readonly commit: string
    readonly previousTag: string | undefined
  }): Promise<string>
}

/** What an immutable release may still undergo, and what `hawser replace` needs. */
export interface Removal {
  deleteRelease(tag: string): Promise<void>
  deleteTag(tag: string): Promise<void>
  deleteAsset(tag: string, name: string): Promise<void>
}

/** Files as the forge has them at a commit. */
export interface Contents {
  read(path: string, commit: string): Promise<string | undefined>
  /** Paths of all regular files; links and submodules are none. */
  list(commit: string): Promise<readonly string[] | undefined>
}
