import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText, TransientError } from '../errors.ts'
import { commitTime, resolveCommit, workTreeStatus } from './checkout.ts'
import { type GitOptions, runGit } from './git.ts'

let folder: string
let options: GitOptions

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-git-'))
  const environment = {
    PATH: process.env['PATH'],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_DIR: '/nowhere',
    RELEASE_TOKEN: 'hunter2',
  }
  options = { cwd: join(folder, 'checkout'), environment }
  await mkdir(options.cwd)
  await runGit(['init', '--quiet', '--initial-branch=main'], options)
})
afterEach(() => rm(folder, { recursive: true }))

async function commit(message: string, seconds = 1_700_000_000): Promise<void> {
  const date = `${seconds} +0000`
  await runGit(['add', '--all'], options)
  await runGit(['commit', '--quiet', '--allow-empty', '-m', message], {
    ...options,
    variables: {
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.org',
      GIT_COMMITTER_DATE: date,
    },
  })
}

describe('a checkout', () => {
  test('before its first commit has none', async () => {
    expect(await workTreeStatus(options)).toEqual({ commit: undefined, branch: 'main', changedPaths: [] })
    expect(await resolveCommit('HEAD', options)).toBeUndefined()
  })

  test('is clean after a commit, whose time is the committer’s', async () => {
    await writeFile(join(options.cwd, 'file'), 'text')
    await commit('first', 1_600_000_001)

    const status = await workTreeStatus(options)

    expect(status.changedPaths).toEqual([])
    expect(await resolveCommit('main', options)).toBe(status.commit)
    expect(await commitTime('HEAD', options)).toBe(1_600_000_001)
  })

  test('tells changed, staged, renamed, deleted and unknown paths, with any characters in them', async () => {
    for (const name of ['changed', 'staged é', 'old name', 'deleted']) {
      await writeFile(join(options.cwd, name), `text of ${name}`)
    }
    await writeFile(join(options.cwd, '.gitignore'), 'ignored\n')
    await commit('first')

    await writeFile(join(options.cwd, 'changed'), 'other')
    await writeFile(join(options.cwd, 'staged é'), 'other')
    await rename(join(options.cwd, 'old name'), join(options.cwd, 'new\nname'))
    await runGit(['add', 'staged é', 'old name', 'new\nname'], options)
    await rm(join(options.cwd, 'deleted'))
    await writeFile(join(options.cwd, 'unknown file'), '')
    await writeFile(join(options.cwd, 'ignored'), '')

    const { changedPaths } = await workTreeStatus(options)
    expect([...changedPaths].sort()).toEqual(['changed', 'deleted', 'new\nname', 'staged é', 'unknown file'])
  })

  test('has no branch when HEAD is detached', async () => {
    await commit('first')
    await runGit(['checkout', '--quiet', '--detach'], options)

    expect((await workTreeStatus(options)).branch).toBeUndefined()
  })

  test('has no commit for a revision that looks like an option or does not exist', async () => {
    await commit('first')

    expect(await resolveCommit('--all', options)).toBeUndefined()
    expect(await resolveCommit('no-such-branch', options)).toBeUndefined()
    expect(await resolveCommit('0123456789012345678901234567890123456789', options)).toBeUndefined()
  })
})

test('settings and hooks of the reader change nothing', async () => {
  const hooks = join(folder, 'hooks')
  await mkdir(hooks)
  await writeFile(join(hooks, 'pre-commit'), '#!/bin/sh\nexit 1\n')
  await chmod(join(hooks, 'pre-commit'), 0o755)
  await writeFile(
    join(folder, '.gitconfig'),
    `[core]\nhooksPath = ${hooks}\npager = false\n[color]\nui = always\n[status]\nrelativePaths = true\n[log]\nshowSignature = true\n`,
  )

  await commit('first')

  expect(await commitTime('HEAD', options)).toBe(1_700_000_000)
})

test('git sees neither GIT_DIR nor tokens of the process', async () => {
  const { text } = await runGit(['-c', 'alias.env=!env', 'env'], options)

  expect(text).not.toContain('hunter2')
  expect(text).toContain('GIT_TERMINAL_PROMPT=0')
})

test('an exit code that is an answer is not a failure', async () => {
  await commit('first')

  const { exitCode } = await runGit(['merge-base', '--is-ancestor', 'HEAD', 'HEAD'], {
    ...options,
    answers: [1],
  })

  expect(exitCode).toBe(0)
})

describe('failures say what to do', () => {
  async function failureOf(args: readonly string[], change: Partial<GitOptions> = {}): Promise<string> {
    const error: unknown = await runGit(args, { ...options, ...change }).catch((thrown: unknown) => thrown)
    return failureText(error).replaceAll(folder, '<folder>')
  }

  test('outside a repository', async () => {
    await expect(await failureOf(['status'], { cwd: folder })).toMatchFileSnapshot(
      'testdata/errors/git-not-a-repository.txt',
    )
  })

  test('without git', async () => {
    await expect(await failureOf(['status'], { environment: { PATH: folder } })).toMatchFileSnapshot(
      'testdata/errors/git-not-found.txt',
    )
  })

  test('at a missing remote', async () => {
    await expect(await failureOf(['ls-remote', '--', `${folder}/nowhere`])).toMatchFileSnapshot(
      'testdata/errors/git-remote-not-found.txt',
    )
  })

  test('at a remote that does not answer: the engine tries again, and no password is shown', async () => {
    const url = 'https://user:hunter2@127.0.0.1:1/repository.git'

    const error: unknown = await runGit(['ls-remote', '--', url], options).catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(TransientError)
    expect(failureText(error)).not.toContain('hunter2')
  })

  test('for a file that is locked: the engine tries again', async () => {
    await writeFile(join(options.cwd, '.git/index.lock'), '')

    const error: unknown = await runGit(['add', '--all'], options).catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ name: 'TransientError', code: 'GIT_LOCKED' })
  })

  test('for a revision that does not exist', async () => {
    await expect(await failureOf(['log', '-1', '--end-of-options', 'v9.9.9', '--'])).toMatchFileSnapshot(
      'testdata/errors/git-failed.txt',
    )
  })
})
