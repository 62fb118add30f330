import { UserError } from '../../errors.ts'
import { resolveCommit } from '../../lib/checkout.ts'
import type { Commit } from '../forge.ts'
import type { GitAccess } from './git-access.ts'
import { commitMissing } from './tags.ts'

export async function commitsBetween(
  from: string | undefined,
  to: string,
  git: GitAccess,
): Promise<readonly Commit[]> {
  const { text: shallow } = await git.run(['rev-parse', '--is-shallow-repository'])
  if (shallow === 'true') {
    throw new UserError(
      'GIT_SHALLOW',
      'The checkout is shallow, so the commits of the release cannot be listed.',
      {
        hint: 'Run "git fetch --unshallow --tags"; with actions/checkout, set fetch-depth: 0.',
      },
    )
  }
  const newest = await commitOf(to, git)
  const range = from === undefined ? [newest] : [newest, `^${await commitOf(from, git)}`]
  const format = ['%H', '%s', '%b', '%an', '%ct'].join('%x00')
  const { text } = await git.run([
    'log',
    '-z',
    `--format=tformat:${format}`,
    '--end-of-options',
    ...range,
    '--',
  ])
  return parseLog(text)
}

async function commitOf(revision: string, git: GitAccess): Promise<string> {
  const commit = await resolveCommit(revision, git.options)
  if (commit === undefined) throw commitMissing(revision)
  return commit
}

function parseLog(text: string): Commit[] {
  const values = text.split('\0')
  const commits: Commit[] = []
  for (let at = 0; at + 5 <= values.length; at += 5) {
    const [id = '', title = '', body = '', author = '', date = ''] = values.slice(at, at + 5)
    commits.push({ id, title, body: body.trimEnd(), author, date: Number(date) })
  }
  return commits
}
