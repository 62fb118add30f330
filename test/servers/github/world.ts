import type { AppOptions, TokenOwner } from './access.ts'
import { type AuthoredCommit, type AuthoredPull, openPull, pushCommit } from './authoring.ts'
import type { BareRepository, GitPerson } from './bare-repository.ts'
import type { GitHubSwitches } from './faults.ts'
import type { Json } from './openapi.ts'
import { closePull, type MergeOptions, mergePull, reviewPull } from './pulls.ts'
import { referencesChanged } from './references.ts'
import { addCheckRun, addStatus, type NewCheckRun, type NewStatus } from './status-routes.ts'
import type { ScriptedWorkflow } from './workflow.ts'

/** Not in lists before these many more reads of them (eventual consistency). */
export interface Lagging {
  hiddenReads: number
}

export interface LabelState {
  readonly id: number
  name: string
  color: string
  description: string | null
}

export interface ReviewState {
  readonly id: number
  readonly author: string
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED'
  readonly body: string
  readonly commit: string
  readonly submittedAt: string
}

export interface PullState extends Lagging {
  readonly id: number
  readonly number: number
  title: string
  body: string | null
  state: 'open' | 'closed'
  readonly author: string
  /** Branches. */
  readonly head: string
  base: string
  /** Of the head branch while it is open, and as it was when it was closed. */
  headCommit: string
  readonly baseCommit: string
  labels: string[]
  isDraft: boolean
  readonly createdAt: string
  updatedAt: string
  closedAt: string | null
  mergedAt: string | null
  mergedBy: string | null
  mergeCommit: string | null
  /** Commits on the base branch that came with it. */
  commits: string[]
  readonly reviews: ReviewState[]
}

export interface AssetState {
  readonly id: number
  name: string
  label: string | null
  /** `starter`: its upload broke. */
  state: 'uploaded' | 'starter'
  readonly contentType: string
  readonly bytes: Buffer
  readonly digest: string
  readonly uploader: string
  readonly createdAt: string
  downloads: number
}

export interface ReleaseState extends Lagging {
  readonly id: number
  tag: string
  target: string
  name: string | null
  body: string | null
  isDraft: boolean
  isPrerelease: boolean
  isImmutable: boolean
  readonly author: string
  readonly createdAt: string
  publishedAt: string | null
  readonly assets: AssetState[]
}

export interface StatusState {
  readonly id: number
  readonly commit: string
  readonly context: string
  readonly state: 'error' | 'failure' | 'pending' | 'success'
  readonly description: string | null
  readonly targetUrl: string | null
  readonly creator: string
  readonly createdAt: string
}

export interface CheckRunState {
  readonly id: number
  readonly commit: string
  name: string
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: string | null
  startedAt: string | null
  completedAt: string | null
  detailsUrl: string | null
  externalId: string
  title: string | null
  summary: string | null
}

export interface ArtifactState {
  readonly id: number
  readonly name: string
  /** A zip archive. */
  readonly bytes: Buffer
  readonly createdAt: string
}

export interface RunState extends Lagging {
  readonly id: number
  readonly number: number
  readonly workflow: ScriptedWorkflow
  readonly title: string
  readonly branch: string
  readonly commit: string
  readonly actor: string
  readonly inputs: { readonly [name: string]: string }
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: 'success' | 'failure' | 'cancelled' | 'timed_out' | null
  attempt: number
  readonly createdAt: string
  startedAt: string
  updatedAt: string
  log: string
  readonly artifacts: ArtifactState[]
  cancelled: AbortController
}

export interface GitHubEvent {
  /** As in the header `X-GitHub-Event`. */
  readonly name: string
  readonly payload: { readonly [key: string]: Json }
}

export interface WorldSettings {
  readonly owner: string
  readonly name: string
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** Where bytes are: another origin, so that clients have to leave their credentials behind. */
  readonly storage: string
  readonly git: BareRepository
  readonly switches: GitHubSwitches
  readonly isPrivate: boolean
  readonly app: AppOptions | undefined
  readonly workflows: readonly ScriptedWorkflow[]
  /** Slug of a team → logins. */
  readonly teams: { readonly [slug: string]: readonly string[] }
  now(): Date
  /** Posts it to the webhook and tells listeners. */
  emit(event: GitHubEvent): void
}

/** Everything that the stand-in knows beside git; tests may read and change it. */
export class World {
  readonly settings: WorldSettings
  readonly git: BareRepository
  readonly switches: GitHubSwitches
  readonly tokens = new Map<string, TokenOwner>()
  readonly labels: LabelState[] = []
  readonly pulls: PullState[] = []
  readonly releases: ReleaseState[] = []
  readonly statuses: StatusState[] = []
  readonly checkRuns: CheckRunState[] = []
  readonly runs: RunState[] = []
  /** Tags of immutable releases that were deleted: never to be used again. */
  readonly burntTags = new Set<string>()
  readonly protectedBranches = new Set<string>()
  #lastId = 1000
  #lastNumber = 0

  constructor(settings: WorldSettings) {
    this.settings = settings
    this.git = settings.git
    this.switches = settings.switches
  }

  get defaultBranch(): string {
    return 'main'
  }

  get fullName(): string {
    return `${this.settings.owner}/${this.settings.name}`
  }

  /** Address of the repository for people. */
  get html(): string {
    return `${this.settings.origin}/${this.fullName}`
  }

  /** Address of the repository in the API. */
  get api(): string {
    return `${this.settings.origin}/api/v3/repos/${this.fullName}`
  }

  id(): number {
    this.#lastId += 1
    return this.#lastId
  }

  /** Of issues and pull requests. */
  nextNumber(): number {
    this.#lastNumber += 1
    return this.#lastNumber
  }

  /** RFC 3339, whole seconds, as GitHub writes dates. */
  time(): string {
    return this.settings
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
  }

  person(login: string): GitPerson {
    return { name: login, email: `${login}@users.noreply.github.com`, date: this.time() }
  }

  lagging(): Lagging {
    return { hiddenReads: this.switches.listLag }
  }

  /** What a read of a list shows; it brings the others nearer. */
  listed<Item extends Lagging>(items: readonly Item[]): readonly Item[] {
    const shown = items.filter(({ hiddenReads }) => hiddenReads <= 0)
    for (const item of items) if (item.hiddenReads > 0) item.hiddenReads -= 1
    return shown
  }

  emit(name: string, payload: { readonly [key: string]: Json }, sender = 'system'): void {
    const repository = { full_name: this.fullName, name: this.settings.name, html_url: this.html }
    this.settings.emit({ name, payload: { ...payload, repository, sender: { login: sender } } })
  }

  /** Keeps pushes away from what the API refuses to change, too. */
  async lockReferences(): Promise<void> {
    const tags = this.releases.filter(({ isImmutable }) => isImmutable).map(({ tag }) => tag)
    await this.git.lock([
      ...[...tags, ...this.burntTags].map((tag) => `refs/tags/${tag}`),
      ...[...this.protectedBranches].map((branch) => `refs/heads/${branch}`),
    ])
  }

  // What people and other machines do, for tests.

  /** Pushes a commit and answers with its id. */
  commit(commit: AuthoredCommit): Promise<string> {
    return pushCommit(this, commit)
  }

  /** Opens a pull request of one commit. */
  openPull(pull: AuthoredPull): Promise<PullState> {
    return openPull(this, pull)
  }

  /** Merges it and answers with the commit that it became. */
  async merge(number: number, options: MergeOptions = {}): Promise<string> {
    const id = await mergePull(this, this.pull(number), options)
    if (id === undefined) throw new Error(`Pull request ${number} is in conflict with its base`)
    return id
  }

  /** Closes it without a merge. */
  closePull(number: number): void {
    closePull(this, this.pull(number))
  }

  review(number: number, given: Pick<ReviewState, 'author' | 'state'>): ReviewState {
    return reviewPull(this, this.pull(number), given)
  }

  pull(number: number): PullState {
    const found = this.pulls.find((pull) => pull.number === number)
    if (found === undefined) throw new Error(`There is no pull request ${number}`)
    return found
  }

  /** A lightweight tag. */
  async tag(name: string, commit: string): Promise<void> {
    if (!(await this.git.createReference(`refs/tags/${name}`, commit)))
      throw new Error(`There is a tag ${name}`)
    await referencesChanged(this, 'maintainer')
  }

  /** From now on only pull requests change it. */
  async protect(branch: string): Promise<void> {
    this.protectedBranches.add(branch)
    await this.lockReferences()
  }

  setStatus(status: NewStatus): StatusState {
    return addStatus(this, status)
  }

  addCheckRun(run: NewCheckRun): CheckRunState {
    return addCheckRun(this, run)
  }

  /** A release from before. */
  addRelease(tag: string, given: Partial<ReleaseState> = {}): ReleaseState {
    const release: ReleaseState = {
      ...{ hiddenReads: 0, tag, target: this.defaultBranch, name: tag, body: '' },
      ...{ isDraft: false, isPrerelease: false, isImmutable: false, author: 'maintainer', assets: [] },
      ...{ createdAt: this.time(), publishedAt: given.isDraft === true ? null : this.time() },
      ...given,
      id: this.id(),
    }
    this.releases.push(release)
    return release
  }
}
