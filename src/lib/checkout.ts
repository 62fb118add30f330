import { type GitOptions, runGit } from './git.ts'

export interface WorkTreeStatus {
  /** Full id; undefined before the first commit. */
  readonly commit: string | undefined
  /** Undefined when HEAD is detached. */
  readonly branch: string | undefined
  /** Paths that differ from the commit or are unknown to git; ignored files are not among them. */
  readonly changedPaths: readonly string[]
}

/** What is checked out, and what in it is not committed. Writes nothing. */
export async function workTreeStatus(options: GitOptions): Promise<WorkTreeStatus> {
  const { text } = await runGit(
    ['status', '--porcelain=v2', '-z', '--branch', '--untracked-files=normal', '--ignore-submodules=none'],
    options,
  )
  const records = text.split('\0')
  const commit = headerOf(records, '# branch.oid ')
  const branch = headerOf(records, '# branch.head ')
  return {
    commit: commit === '(initial)' ? undefined : commit,
    branch: branch === '(detached)' ? undefined : branch,
    changedPaths: changedPaths(records),
  }
}

/** The full id of the commit that a revision names; undefined when it names none. */
export async function resolveCommit(revision: string, options: GitOptions): Promise<string | undefined> {
  if (revision === '' || revision.startsWith('-')) return undefined
  const { exitCode, text } = await runGit(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    // With --quiet, an unknown revision is exit code 1; a broken repository still is 128.
    { ...options, answers: [1] },
  )
  return exitCode === 0 ? text : undefined
}

/** The committer's time in seconds since 1970: the epoch of a build when SOURCE_DATE_EPOCH is not set. */
export async function commitTime(commit: string, options: GitOptions): Promise<number> {
  const { text } = await runGit(['log', '-1', '--format=%ct', '--end-of-options', commit, '--'], options)
  const seconds = Number(text)
  if (text === '' || !Number.isSafeInteger(seconds)) throw new Error(`git gave "${text}" as a commit's time`)
  return seconds
}

function headerOf(records: readonly string[], prefix: string): string | undefined {
  return records.find((record) => record.startsWith(prefix))?.slice(prefix.length)
}

/** git-status(1), "Porcelain Format Version 2": fields are separated by spaces, the path is the last one. */
function changedPaths(records: readonly string[]): string[] {
  const fieldsBefore: { readonly [kind: string]: number } = { '1': 8, '2': 9, u: 10, '?': 1 }
  const paths: string[] = []
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index] ?? ''
    const before = fieldsBefore[record[0] ?? '']
    if (before === undefined) continue
    paths.push(record.split(' ').slice(before).join(' '))
    // A rename's old path follows as a record of its own.
    if (record.startsWith('2 ')) index += 1
  }
  return paths
}
