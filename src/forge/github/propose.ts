import { z } from 'zod'
import { Refusal, TransientError, UserError } from '../../errors.ts'
import type { BranchChange, PullRequests } from '../forge-parts.ts'
import type { Connection } from './connection.ts'
import { readContents } from './contents.ts'
import { createOnce, lookPatiently } from './create-once.ts'
import { GitHubError } from './errors.ts'
import { type GitHubPull, pullShape, pullsFrom } from './pulls.ts'
import type { Tags } from './tags.ts'

type Proposal = Parameters<PullRequests['propose']>[0]

/** A line of the message by which a commit is known as one of ours: only such a branch is forced. */
const trailer = (branch: string): string => `Proposed-by-hawser: ${branch}`

const shaShape = z.object({ sha: z.string() })
const commitShape = z.object({
  sha: z.string(),
  message: z.string(),
  tree: shaShape,
  parents: z.array(shaShape),
})
const treeShape = z.object({
  tree: z.array(z.object({ path: z.string(), mode: z.string(), type: z.string() })),
})

/** The number of the pull request. */
export async function propose(change: Proposal, connection: Connection, tags: Tags): Promise<number> {
  if (Object.keys(change.files).length === 0) throw new Error('A proposal needs at least one file')
  const base = await tags.resolve(`refs/heads/${change.base}`)
  if (base === undefined) throw noBranch(change.base, connection)
  const open = (await pullsFrom(change.branch, connection)).find(({ state }) => state === 'open')
  if (await isAlready(change, base, connection)) {
    if (open !== undefined) return (await updated(open, change, connection)).number
    throw nothingToPropose(change, connection)
  }
  await bringBranch(change, base, connection, tags)
  const pull = open ?? (await create(change, connection))
  await addLabels(await updated(pull, change, connection), change, connection)
  return pull.number
}

/** The commit has every file as it is to be. */
async function isAlready({ files }: BranchChange, commit: string, connection: Connection): Promise<boolean> {
  for (const [path, content] of Object.entries(files)) {
    if ((await readContents(path, commit, connection)) !== content) return false
  }
  return true
}

/** One commit on the base. It stays as it is while its files are right, also when the base went on: reviews belong to it. */
async function bringBranch(
  change: BranchChange,
  base: string,
  connection: Connection,
  tags: Tags,
): Promise<void> {
  const reference = `refs/heads/${change.branch}`
  const head = await tags.resolve(reference)
  if (head === undefined) {
    const commit = await newCommit(change, base, connection)
    const look = () => lookPatiently(connection, () => tags.resolve(reference))
    const made = await createOnce(connection, look, async () => {
      await connection.write(`creating the branch "${change.branch}"`, z.unknown(), (github) =>
        github.request('POST /repos/{owner}/{repo}/git/refs', {
          ...connection.repository,
          ref: reference,
          sha: commit,
        }),
      )
      return commit
    })
    // Somebody made the branch at the same moment: it is looked at like any other that exists.
    if (made !== commit) await bringExisting(change, base, made, connection)
    return
  }
  await bringExisting(change, base, head, connection)
}

async function bringExisting(
  change: BranchChange,
  base: string,
  head: string,
  connection: Connection,
): Promise<void> {
  const owner = await ownerOf(change, head, base, connection)
  if (owner === 'others') return bringOnTop(change, head, connection)
  if (owner === 'us' && (await isAlready(change, head, connection))) return
  await moveBranch(change, await newCommit(change, base, connection), { isForced: true }, connection)
}

/** Over what other people committed; nothing of theirs is lost. */
async function bringOnTop(change: BranchChange, head: string, connection: Connection): Promise<void> {
  if (change.onTop === undefined) throw hasOtherCommits(change, connection)
  const added = { ...change, files: await change.onTop(head) }
  if (await isAlready(added, head, connection)) return
  const commit = await newCommit(added, head, connection)
  try {
    await moveBranch(change, commit, { isForced: false }, connection)
  } catch (error) {
    // They pushed meanwhile: not a fast forward any more.
    if (!(error instanceof GitHubError) || error.status !== 422) throw error
    throw branchMoved(change, error)
  }
}

async function moveBranch(
  { branch }: BranchChange,
  commit: string,
  { isForced }: { readonly isForced: boolean },
  connection: Connection,
): Promise<void> {
  await connection.set(`updating the branch "${branch}"`, z.unknown(), (github) =>
    github.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
      ...connection.repository,
      ref: `heads/${branch}`,
      sha: commit,
      force: isForced,
    }),
  )
}

const branchMoved = ({ branch }: BranchChange, cause: unknown): TransientError =>
  new TransientError('GITHUB_BRANCH_MOVED', `The branch "${branch}" changed meanwhile.`, { cause })

/** `nobody`: the branch is at the base's own history, so nothing can be lost. */
async function ownerOf(
  { branch }: BranchChange,
  head: string,
  base: string,
  connection: Connection,
): Promise<'nobody' | 'us' | 'others'> {
  const shape = z.object({ ahead_by: z.number() })
  const { ahead_by: ahead } = await connection.read('comparing the branches', shape, (github) =>
    github.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
      ...connection.repository,
      basehead: `${base}...${head}`,
    }),
  )
  if (ahead === 0) return 'nobody'
  const { message } = await readCommit(head, connection)
  return ahead === 1 && message.split('\n').includes(trailer(branch)) ? 'us' : 'others'
}

const hasOtherCommits = ({ branch, base }: BranchChange, { name }: Connection): Refusal =>
  new Refusal(
    'BRANCH_HAS_OTHER_COMMITS',
    `The branch "${branch}" of ${name} has commits that Hawser did not make, which are not in "${base}".`,
    { hint: 'Merge them, or delete the branch if nobody needs them, then run the same command again.' },
  )

function readCommit(sha: string, connection: Connection): Promise<z.output<typeof commitShape>> {
  return connection.read(`reading the commit ${sha.slice(0, 12)}`, commitShape, (github) =>
    github.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
      ...connection.repository,
      commit_sha: sha,
    }),
  )
}

/** Objects that nobody sees until a branch names them; making them twice does no harm. */
async function newCommit(change: BranchChange, base: string, connection: Connection): Promise<string> {
  const { repository } = connection
  const { tree: baseTree } = await readCommit(base, connection)
  const modes = await modesOf(Object.keys(change.files), base, connection)
  const tree = await connection.set(`writing the files of "${change.branch}"`, shaShape, (github) =>
    github.request('POST /repos/{owner}/{repo}/git/trees', {
      ...repository,
      base_tree: baseTree.sha,
      tree: Object.entries(change.files).map(([path, content]) => ({
        path,
        mode: modes.get(path) ?? ('100644' as const),
        type: 'blob' as const,
        content,
      })),
    }),
  )
  const { sha } = await connection.set(`committing to "${change.branch}"`, shaShape, (github) =>
    github.request('POST /repos/{owner}/{repo}/git/commits', {
      ...repository,
      message: `${change.message.trimEnd()}\n\n${trailer(change.branch)}\n`,
      tree: tree.sha,
      parents: [base],
    }),
  )
  return sha
}

/** A script stays executable. */
async function modesOf(
  paths: readonly string[],
  commit: string,
  connection: Connection,
): Promise<ReadonlyMap<string, '100644' | '100755'>> {
  const found = await connection.find('reading the tree', treeShape, (github) =>
    github.request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
      ...connection.repository,
      tree_sha: commit,
      recursive: '1',
    }),
  )
  const executable = new Set(found?.tree.filter(({ mode }) => mode === '100755').map(({ path }) => path))
  return new Map(paths.map((path) => [path, executable.has(path) ? '100755' : '100644']))
}

async function create(change: Proposal, connection: Connection): Promise<GitHubPull> {
  const look = () =>
    lookPatiently(connection, async () =>
      (await pullsFrom(change.branch, connection)).find(({ state }) => state === 'open'),
    )
  try {
    return await createOnce(connection, look, () =>
      connection.write(`opening a pull request from "${change.branch}"`, pullShape, (github) =>
        github.request('POST /repos/{owner}/{repo}/pulls', {
          ...connection.repository,
          head: change.branch,
          base: change.base,
          title: change.title,
          body: change.body,
        }),
      ),
    )
  } catch (error) {
    // It was merged, and the branch brought to the base, while we were looking.
    const isMoved =
      error instanceof GitHubError && error.status === 422 && /no commits between/i.test(error.message)
    if (!isMoved) throw error
    throw branchMoved(change, error)
  }
}

async function updated(pull: GitHubPull, change: Proposal, connection: Connection): Promise<GitHubPull> {
  const isSame =
    pull.title === change.title && pull.base.ref === change.base && (pull.body ?? '') === change.body
  if (isSame) return pull
  return connection.set(`updating pull request #${pull.number}`, pullShape, (github) =>
    github.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...connection.repository,
      pull_number: pull.number,
      title: change.title,
      body: change.body,
      base: change.base,
    }),
  )
}

async function addLabels(pull: GitHubPull, { labels }: Proposal, connection: Connection): Promise<void> {
  const present = new Set(pull.labels.map(({ name }) => name))
  const missing = labels.filter((label) => !present.has(label))
  if (missing.length === 0) return
  await connection.set(`labelling pull request #${pull.number}`, z.unknown(), (github) =>
    github.request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
      ...connection.repository,
      issue_number: pull.number,
      labels: missing,
    }),
  )
}

function noBranch(branch: string, { name }: Connection): UserError {
  return new UserError('BRANCH_NOT_FOUND', `The repository ${name} has no branch "${branch}".`, {
    hint: 'Check the name of the branch that the change is to go to.',
  })
}

function nothingToPropose({ files, base }: Proposal, { name }: Connection): UserError {
  return new UserError(
    'NOTHING_TO_PROPOSE',
    `The branch "${base}" of ${name} has ${Object.keys(files).join(', ')} already as it is to be.`,
    { hint: 'There is nothing to merge; go on with the commit at the head of that branch.' },
  )
}
