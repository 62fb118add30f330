import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GitOptions, runGit } from '../../src/lib/git.ts'

export interface TestRepository {
  /** Holds the checkout and whatever the test adds. */
  readonly folder: string
  /** The checkout. */
  readonly root: string
  readonly environment: { readonly [name: string]: string }
  readonly commits: readonly [string, string, string]
  git(...args: readonly string[]): Promise<string>
  remove(): Promise<void>
}

/** A repository with three commits, and with none of this machine's settings. */
export async function testRepository(): Promise<TestRepository> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-forge-'))
  const root = join(folder, 'checkout')
  await mkdir(root)
  const environment = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  const git = async (...args: readonly string[]) => (await runGit(args, { cwd: root, environment })).text
  await git('init', '--quiet', '--initial-branch=main')
  const commits: string[] = []
  for (const number of [1, 2, 3]) commits.push(await commit(number, { cwd: root, environment }))
  const [first = '', second = '', third = ''] = commits
  const remove = () => rm(folder, { recursive: true, force: true })
  return { folder, root, environment, commits: [first, second, third], git, remove }
}

async function commit(number: number, options: GitOptions): Promise<string> {
  await writeFile(join(options.cwd, 'file'), `content ${number}`)
  await runGit(['add', 'file'], options)
  const date = `170000000${number} +0100`
  await runGit(['commit', '--quiet', '-m', `commit ${number}\n\nBody of ${number}.\n\nFixes: größer`], {
    ...options,
    variables: {
      GIT_AUTHOR_NAME: 'Ann Author',
      GIT_AUTHOR_EMAIL: 'ann@example.org',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: 'Carl Committer',
      GIT_COMMITTER_EMAIL: 'carl@example.org',
      GIT_COMMITTER_DATE: date,
    },
  })
  return (await runGit(['rev-parse', 'HEAD'], options)).text
}
