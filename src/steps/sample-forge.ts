import { Readable } from 'node:stream'
import { Refusal } from '../errors.ts'
import type { Commit, Forge, ForgeRelease, ReleaseAsset, Tag } from '../forge/forge.ts'
import type { CommitStatus, PullRequest, Review } from '../forge/forge-parts.ts'
import { digestOf } from '../lib/digest.ts'

/** What a forge for tests is made of; the test changes it as people and builds would. */
export interface SampleWorld {
  /** On `main`, oldest first; the place in the list is the history. */
  readonly commits: Commit[]
  readonly branches: Map<string, string>
  readonly tags: Map<string, Tag>
  readonly releases: Map<string, ForgeRelease>
  /** Tag and name → bytes. */
  readonly assets: Map<string, string>
  readonly pulls: PullRequest[]
  /** Commit → numbers of pull requests. */
  readonly origins: Map<string, readonly number[]>
  readonly reviews: Map<number, readonly Review[]>
  /** Commit → path → text; a commit without an entry has the files of the one before. */
  readonly files: Map<string, { readonly [path: string]: string }>
  readonly statuses: Map<string, readonly CommitStatus[]>
  /** What was written, in order. */
  readonly writes: string[]
}

export const sampleId = (number: number): string => String(number).padStart(4, '0').padEnd(40, 'c0ffee')

export function sampleWorld(titles: readonly string[] = ['first', 'second', 'third']): SampleWorld {
  const commits = titles.map((title, index) => sampleCommit(index + 1, title))
  return {
    commits,
    branches: new Map([['main', sampleId(titles.length)]]),
    tags: new Map(),
    releases: new Map(),
    assets: new Map(),
    pulls: [],
    origins: new Map(),
    reviews: new Map(),
    files: new Map(),
    statuses: new Map(),
    writes: [],
  }
}

export const sampleCommit = (number: number, title: string): Commit => ({
  id: sampleId(number),
  title,
  body: '',
  author: 'ann',
  date: 1_700_000_000 + number,
})

/** One more commit on `main`. */
export function pushCommit(world: SampleWorld, title: string): string {
  const commit = sampleCommit(world.commits.length + 1, title)
  world.commits.push(commit)
  world.branches.set('main', commit.id)
  return commit.id
}

export function samplePull(number: number, more: Partial<PullRequest> = {}): PullRequest {
  return {
    number,
    title: `Change ${number}`,
    url: `https://forge.example/team/app/pull/${number}`,
    state: 'merged',
    branch: `change-${number}`,
    headCommit: sampleId(900 + number),
    base: 'main',
    mergeCommit: sampleId(number),
    labels: ['kind/feature'],
    author: 'ann',
    ...more,
  }
}

export function sampleRelease(tag: string, more: Partial<ForgeRelease> = {}): ForgeRelease {
  return {
    tag,
    name: tag,
    state: 'published',
    isPrerelease: false,
    notes: '',
    commit: sampleId(1),
    assets: [],
    url: `https://forge.example/team/app/releases/${tag}`,
    ...more,
  }
}

/** Merges an open pull request as a person would. */
export function mergePull(world: SampleWorld, number: number): string {
  const pull = pullOf(world, number)
  const merge = pushCommit(world, pull.title)
  world.files.set(merge, filesAt(world, pull.headCommit))
  world.origins.set(merge, [number])
  changePull(world, number, { state: 'merged', mergeCommit: merge })
  return merge
}

export function changePull(world: SampleWorld, number: number, change: Partial<PullRequest>): void {
  const index = world.pulls.findIndex((pull) => pull.number === number)
  world.pulls[index] = { ...pullOf(world, number), ...change }
}

function pullOf(world: SampleWorld, number: number): PullRequest {
  const pull = world.pulls.find((one) => one.number === number)
  if (pull === undefined) throw new Error(`no pull request ${number}`)
  return pull
}

function filesAt(world: SampleWorld, commit: string): { readonly [path: string]: string } {
  const own = world.files.get(commit)
  if (own !== undefined) return own
  const place = world.commits.findIndex(({ id }) => id === commit)
  const before = world.commits[place - 1]
  return before === undefined ? {} : filesAt(world, before.id)
}

/** A forge over such a world; only what the steps that look and wait need of it. */
export function sampleForge(world: SampleWorld): Forge {
  const unused = (): never => {
    throw new Error('This step does not write tags, drafts or assets')
  }
  const isCommit = (text: string): boolean =>
    world.commits.some(({ id }) => id === text) || world.files.has(text)
  const resolve: Forge['resolve'] = async (revision) =>
    world.branches.get(revision) ??
    world.tags.get(revision)?.commit ??
    (isCommit(revision) ? revision : undefined)
  return {
    location: 'https://forge.example/team/app',
    resolve,
    findTag: async (name) => world.tags.get(name),
    listTags: async () => [...world.tags.values()],
    createTag: unused,
    findRelease: async (tag) => world.releases.get(tag),
    listReleases: async () => [...world.releases.values()],
    createDraft: unused,
    uploadAsset: unused,
    downloadAsset: async (tag, name) =>
      Readable.from([Buffer.from(world.assets.get(`${tag} ${name}`) ?? '')]),
    publish: unused,
    commitsBetween: async (from, to) => {
      const place = (id: string): number => world.commits.findIndex((commit) => commit.id === id)
      // A commit of another branch; its own history does not matter here.
      if (place(to) === -1) return [{ ...sampleCommit(0, 'elsewhere'), id: to }]
      const first = from === undefined ? 0 : place(from) + 1
      return world.commits.slice(first, place(to) + 1).toReversed()
    },
    defaultBranch: async () => 'main',
    contents: {
      read: async (path, commit) => (isCommit(commit) ? filesAt(world, commit)[path] : undefined),
      list: async (commit) => (isCommit(commit) ? Object.keys(filesAt(world, commit)) : undefined),
    },
    statuses: {
      ofCommit: async (commit) => world.statuses.get(commit) ?? [],
      report: unused,
    },
    pullRequests: samplePulls(world),
  }
}

function samplePulls(world: SampleWorld): NonNullable<Forge['pullRequests']> {
  return {
    ofCommit: async (commit) => (world.origins.get(commit) ?? []).map((number) => pullOf(world, number)),
    fromBranch: async (branch) => {
      const own = world.pulls.filter((pull) => pull.branch === branch)
      return own.find(({ state }) => state === 'open') ?? own.at(-1)
    },
    find: async (number) => world.pulls.find((pull) => pull.number === number),
    reviews: async (number) => world.reviews.get(number) ?? [],
    codeOwners: async () => ['@team/owners'],
    propose: async ({ branch, base, files, title, labels, onTop }) => {
      const head = world.branches.get(base)
      if (head === undefined) throw new Refusal('NO_BASE', base)
      const headCommit = sampleId(800 + world.writes.length)
      const open = world.pulls.find((pull) => pull.branch === branch && pull.state === 'open')
      // The branch is in the world only when other people pushed to it.
      const theirs = world.branches.get(branch)
      const over =
        theirs === undefined || onTop === undefined
          ? { head, files }
          : { head: theirs, files: await onTop(theirs) }
      world.files.set(headCommit, { ...filesAt(world, over.head), ...over.files })
      const number = open?.number ?? 100 + world.pulls.length
      const pull = samplePull(number, {
        title,
        branch,
        base,
        headCommit,
        labels: [...labels],
        state: 'open',
        mergeCommit: undefined,
        author: 'release-bot',
      })
      if (open === undefined) world.pulls.push(pull)
      else changePull(world, number, pull)
      world.writes.push(`${open === undefined ? 'open' : 'update'} ${branch}`)
      return pull
    },
  }
}

/** An asset of a release, with its bytes. */
export function addAsset(world: SampleWorld, tag: string, name: string, text: string): void {
  const release = world.releases.get(tag)
  if (release === undefined) throw new Error(`no release ${tag}`)
  const asset: ReleaseAsset = { name, sizeBytes: text.length, digest: digestOf(text) }
  world.releases.set(tag, { ...release, assets: [...release.assets, asset] })
  world.assets.set(`${tag} ${name}`, text)
}
