import { ensureLabel } from './issue-routes.ts'
import { tellPull } from './pull-events.ts'
import { referencesChanged } from './references.ts'
import type { PullState, World } from './world.ts'

export interface AuthoredCommit {
  /** Default: main. */
  readonly branch?: string
  readonly message: string
  /** Path → content; undefined removes it. */
  readonly files: { readonly [path: string]: string | Uint8Array | undefined }
  readonly author?: string
}

/** Somebody pushes a commit; the branch is made from the default branch when it is not there. Answers with the id. */
export async function pushCommit(
  world: World,
  { branch = world.defaultBranch, message, files, author = 'developer' }: AuthoredCommit,
): Promise<string> {
  const own = await world.git.resolve(`refs/heads/${branch}`)
  const parent = own ?? (await world.git.resolve(`refs/heads/${world.defaultBranch}`))
  const changes = []
  for (const [path, content] of Object.entries(files)) {
    const sha = content === undefined ? undefined : await world.git.writeBlob(Buffer.from(content))
    // Scripts can be run.
    const mode =
      content !== undefined && Buffer.from(content).subarray(0, 2).toString() === '#!' ? '100755' : '100644'
    changes.push({ path, mode, sha })
  }
  const id = await world.git.writeCommit({
    tree: await world.git.writeTree(parent, changes),
    parents: parent === undefined ? [] : [parent],
    message,
    author: world.person(author),
  })
  await world.git.setReference(`refs/heads/${branch}`, id)
  await referencesChanged(world, author)
  return id
}

export interface AuthoredPull {
  readonly title: string
  readonly labels?: readonly string[]
  readonly author?: string
  readonly branch?: string
  readonly base?: string
  readonly files?: AuthoredCommit['files']
}

/** Somebody opens a pull request with one commit of their own. */
export async function openPull(world: World, given: AuthoredPull): Promise<PullState> {
  const number = world.nextNumber()
  const { author = 'developer', branch = `change-${number}`, base = world.defaultBranch } = given
  const files = given.files ?? { [`changes/${number}.md`]: `${given.title}\n` }
  const baseCommit = (await world.git.resolve(`refs/heads/${base}`)) ?? ''
  const headCommit = await pushCommit(world, { branch, message: given.title, files, author })
  const pull: PullState = {
    ...world.lagging(),
    id: world.id(),
    number,
    title: given.title,
    body: null,
    state: 'open',
    author,
    head: branch,
    base,
    headCommit,
    baseCommit,
    labels: (given.labels ?? []).map((name) => ensureLabel(world, name).name),
    isDraft: false,
    createdAt: world.time(),
    updatedAt: world.time(),
    closedAt: null,
    mergedAt: null,
    mergedBy: null,
    mergeCommit: null,
    commits: [],
    reviews: [],
  }
  world.pulls.push(pull)
  tellPull(world, pull, { action: 'opened', sender: author })
  return pull
}
