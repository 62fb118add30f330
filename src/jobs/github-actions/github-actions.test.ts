import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failureText, TransientError } from '../../errors.ts'
import type { Forge } from '../../forge/forge.ts'
import type { WorkflowRun, Workflows } from '../../forge/forge-parts.ts'
import type { JobRunner, JobSpec } from '../job-runner.ts'
import { githubActions } from './github-actions.ts'

const commit = 'c'.repeat(40)
const began = new Date('2024-05-01T10:00:00Z')
const spec: JobSpec = {
  key: 'hello/1.0.0#1 e2e 1',
  name: 'E2E tests',
  commit,
  notBefore: began,
  limitMs: 60_000,
  inputs: { image: 'app@sha256:1' },
}

let root: string
let runs: Map<string, WorkflowRun>
let asked: Parameters<Workflows['dispatch']>[0][]
let loseAnswers: number
let now: Date
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-workflow-'))
  runs = new Map()
  asked = []
  loseAnswers = 0
  now = began
})
afterEach(() => rm(root, { recursive: true }))

const workflows: Workflows = {
  dispatch: async (request) => {
    asked.push(request)
    const run = runs.get(request.key) ?? newRun()
    runs.set(request.key, run)
    loseAnswers -= 1
    if (loseAnswers >= 0) throw new TransientError('FORGE_UNREACHABLE', 'The answer was lost.')
    return run
  },
  find: async (id) => [...runs.values()].find((run) => run.id === id),
  cancel: async (id) => change(id, { state: 'cancelled' }),
  logs: async () => Readable.from([]),
}

const newRun = (): WorkflowRun => ({
  id: String(runs.size + 1),
  url: 'https://forge.example.org/runs/1',
  commit,
  state: 'queued',
  attempt: 1,
  startedAt: began,
})

function change(id: string, more: Partial<WorkflowRun>): void {
  for (const [key, run] of runs) if (run.id === id) runs.set(key, { ...run, ...more })
}

const runnerFor = (more: object = {}, forge: Partial<Forge> = {}): JobRunner =>
  githubActions.create(githubActions.options.parse({ workflow: 'e2e.yaml', ...more }), {
    root,
    environment: {},
    signal: new AbortController().signal,
    log: () => undefined,
    maskSecret: () => undefined,
    now: () => now,
    forge: () =>
      ({ location: 'a forge', workflows, defaultBranch: async () => 'trunk', ...forge }) as unknown as Forge,
  })

test('a workflow gets its inputs, those of the run, and the key that it is found by', async () => {
  await runnerFor({ inputs: { credentials: 'dummy' } }).start(spec)

  expect(asked).toEqual([
    {
      workflow: 'e2e.yaml',
      ref: 'trunk',
      inputs: { credentials: 'dummy', image: 'app@sha256:1' },
      key: spec.key,
    },
  ])
})

test('after a lost answer the same run is found, not a second one made', async () => {
  loseAnswers = 1
  await expect(runnerFor().start(spec)).rejects.toThrow(TransientError)
  expect(await runnerFor().poll(spec)).toEqual({ state: 'absent' })

  await runnerFor().start(spec)

  expect(runs.size).toBe(1)
  expect((await runnerFor().poll(spec)).state).toBe('running')
})

test('a run of another commit is no evidence, unless the workflow checks out what an input says', async () => {
  await runnerFor().start(spec)
  change('1', { commit: 'd'.repeat(40), state: 'succeeded' })

  expect(await runnerFor().poll(spec)).toEqual({
    state: 'failed',
    reason: 'its workflow ran at the commit dddddddddddd, and the release is cccccccccccc',
    url: 'https://forge.example.org/runs/1',
  })
  expect((await runnerFor({ anyCommit: true }).poll(spec)).state).toBe('succeeded')
})

test('a run that takes too long, was cancelled, or is gone is a failure that says so', async () => {
  await runnerFor().start(spec)
  const reason = async (): Promise<unknown> => (await runnerFor().poll(spec)) as unknown

  now = new Date(began.getTime() + 61_000)
  expect(await reason()).toMatchObject({
    state: 'failed',
    reason: 'the run 1 of e2e.yaml did not end within its limit of 60 s',
  })
  change('1', { state: 'cancelled' })
  expect(await reason()).toMatchObject({ reason: 'the run 1 of e2e.yaml was cancelled' })
  runs.clear()
  expect(await reason()).toMatchObject({ reason: 'the run 1 of e2e.yaml is gone' })
})

test('cancelling ends a run that has not ended, once', async () => {
  await runnerFor().start(spec)

  await runnerFor().cancel(spec)
  await runnerFor().cancel(spec)

  expect(runs.get(spec.key)?.state).toBe('cancelled')
})

test('a forge without workflows is an error that names the job', async () => {
  const failure = await runnerFor({}, { workflows: undefined as never })
    .start(spec)
    .then(
      () => 'it started',
      (error) => failureText(error),
    )

  await expect(failure).toMatchFileSnapshot('testdata/errors/forge-without-workflows.txt')
})
