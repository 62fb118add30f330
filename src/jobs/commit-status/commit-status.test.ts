import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import type { Forge } from '../../forge/forge.ts'
import type { CommitStatus } from '../../forge/forge-parts.ts'
import type { JobRunner, JobSpec } from '../job-runner.ts'
import { commitStatus } from './commit-status.ts'

const commit = 'c'.repeat(40)
const spec: JobSpec = {
  key: 'hello/1.0.0#1 build 1',
  name: 'module build',
  commit,
  notBefore: new Date('2024-05-01T10:00:00.700Z'),
  limitMs: 60_000,
  inputs: {},
}

let root: string
let now: Date
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-status-'))
  now = new Date('2024-05-01T10:05:00Z')
})
afterEach(() => rm(root, { recursive: true }))

const status = (
  state: CommitStatus['state'],
  at: string,
  more: Partial<CommitStatus> = {},
): CommitStatus => ({
  context: 'post-build',
  state,
  description: '',
  url: undefined,
  reportedAt: new Date(`2024-05-01T${at}Z`),
  ...more,
})

function waiting(...statuses: readonly CommitStatus[]): JobRunner {
  const forge: Partial<Forge> = {
    location: 'a forge',
    statuses: {
      ofCommit: async (id) => (id === commit ? statuses : []),
      report: async () => undefined,
    },
  }
  return runnerAt(forge)
}

const runnerAt = (forge: Partial<Forge>): JobRunner =>
  commitStatus.create(
    { context: 'post-build' },
    {
      root,
      environment: {},
      signal: new AbortController().signal,
      log: () => undefined,
      maskSecret: () => undefined,
      now: () => now,
      forge: () => forge as Forge,
    },
  )

describe('a status counts', () => {
  test('when it was reported after the run began', async () => {
    const url = 'https://prow.example.org/1'

    expect(await waiting(status('success', '10:03:00', { url })).poll(spec)).toEqual({
      state: 'succeeded',
      outputs: {},
      url,
    })
  })

  test('when it was reported in the second when the run began', async () => {
    expect((await waiting(status('success', '10:00:00')).poll(spec)).state).toBe('succeeded')
  })

  test('not when it is of an earlier build of the same commit', async () => {
    const runner = waiting(status('success', '09:59:59'))
    await runner.start(spec)

    expect(await runner.poll(spec)).toEqual({
      state: 'running',
      since: now,
      note: 'the status "post-build" of cccccccccccc has not been reported since the run began',
    })
  })

  test('not when it is of another commit, or of another name', async () => {
    const runner = waiting(status('success', '10:03:00', { context: 'post-build-2' }))
    await runner.start(spec)

    expect((await runner.poll(spec)).state).toBe('running')
    const other = { ...spec, key: 'x', commit: 'd'.repeat(40) }
    expect((await waiting(status('success', '10:03:00')).poll(other)).state).toBe('absent')
  })

  test('only the newest one: a build that was repeated', async () => {
    const [failed, passed] = [status('failure', '10:02:00'), status('success', '10:03:00')]

    expect((await waiting(passed, failed).poll(spec)).state).toBe('succeeded')
    expect((await waiting(status('success', '10:02:00'), status('error', '10:03:00')).poll(spec)).state).toBe(
      'failed',
    )
  })
})

describe('a wait', () => {
  test('ends at once when the build failed, with its name and what it says', async () => {
    const failed = status('failure', '10:03:00', { description: 'Job failed.' })

    expect(await waiting(failed).poll(spec)).toEqual({
      state: 'failed',
      reason: 'the status "post-build" of cccccccccccc is "failure": Job failed.',
    })
  })

  test('says that the build is pending', async () => {
    const runner = waiting(status('pending', '10:03:00', { description: 'Job triggered.' }))
    await runner.start(spec)

    expect(await runner.poll(spec)).toMatchObject({
      state: 'running',
      note: 'the status "post-build" of cccccccccccc is pending: Job triggered.',
    })
  })

  test('has a limit, from its first start, and names what did not come', async () => {
    const runner = waiting()
    expect(await runner.poll(spec)).toEqual({ state: 'absent' })
    await runner.start(spec)
    now = new Date(now.getTime() + 59_000)
    await runner.start(spec)
    expect((await runner.poll(spec)).state).toBe('running')

    now = new Date(now.getTime() + 2_000)

    expect(await runner.poll(spec)).toEqual({
      state: 'failed',
      reason:
        'the status "post-build" of cccccccccccc has not been reported since the run began, and its limit of 60 s has passed',
    })
  })
})

test('a forge without statuses is an error that names the job', async () => {
  const failure = await runnerAt({ location: 'the folder /releases' })
    .poll(spec)
    .then(
      () => 'it was there',
      (error) => failureText(error),
    )

  await expect(failure).toMatchFileSnapshot('testdata/errors/forge-without-statuses.txt')
})
