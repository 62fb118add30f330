import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryEngine } from '../../src/engine/memory/memory-engine.ts'
import { failureText, UserError } from '../../src/errors.ts'
import type { Engine } from '../../src/pipeline/engine.ts'
import { stepExecutor } from '../../src/pipeline/execute.ts'
import type { Run } from '../../src/pipeline/run.ts'
import { samplePlan, sampleStep } from '../../src/pipeline/sample-plan.ts'
import type { StepContext } from '../../src/pipeline/step.ts'
import { resolveStep, type StepSubject } from '../../src/pipeline/step-registry.ts'
import { runJob } from '../../src/steps/run-job/run-job.ts'
import { type JobWorld, jobWorld } from './sample-job.ts'

let world: JobWorld
let engine: Engine
let records: () => readonly Run[]
beforeEach(async () => {
  world = await jobWorld()
  open([])
})
afterEach(async () => {
  await engine.close()
  await world.remove()
})

function contextFor(subject: StepSubject, signal: AbortSignal): StepContext {
  const { runId = '', runStartedAt = '', node } = subject
  return {
    run: subject.run,
    results: subject.results,
    root: world.root,
    environment: world.context.environment,
    signal,
    now: () => new Date(),
    log: () => undefined,
    maskSecret: () => undefined,
    execution: { runId, node: node.id },
    runStartedAt: new Date(runStartedAt),
  }
}

/** An engine that goes on from the record of another one, as after a crash. */
function open(runs: readonly Run[]): void {
  const execute = stepExecutor({
    registry: (name) => (name === runJob.name ? runJob : undefined),
    contextFor,
    redact: (text) => text,
  })
  const opened = memoryEngine({ execute, runs })
  engine = opened
  records = opened.records
}

const key = { project: 'hello', version: '1.0.0' }

interface JobOptions {
  readonly run: string
  readonly more?: object
}

const forge = { provider: 'local', options: {} }

function start({ run, more = {} }: JobOptions): Promise<Run> {
  const job = { provider: 'process', options: { run } }
  const options = { name: 'tests', job, forge, limitMs: 60_000, againAfterMs: 50, ...more }
  return engine.start(samplePlan([sampleStep('tests', [], { step: 'run-job', options })]))
}

async function ended(): Promise<Run> {
  let last: Run | undefined
  for await (const run of engine.watch(key, new AbortController().signal)) last = run
  if (last === undefined) throw new Error('There is no run')
  return last
}

const nodeOf = (run: Run) => run.nodes['tests']
const lines = async (file: string): Promise<number> =>
  (await readFile(join(world.root, file), 'utf8').catch(() => '')).split('\n').length - 1

test('a job that succeeds gives its outputs, its files and its log', async () => {
  const run = 'echo hello; echo digest=sha256:1 >> "$HAWSER_OUTPUT"; echo 1 > "$HAWSER_ARTIFACTS/report.xml"'
  await start({ run, more: { artifacts: ['*.xml'], logAs: 'tests.log' } })

  expect(nodeOf(await ended())).toMatchObject({
    status: 'done',
    did: 'create',
    result: {
      attempt: 1,
      outputs: { digest: 'sha256:1' },
      artifacts: [{ name: 'report.xml', kind: 'file' }, { name: 'tests.log' }],
    },
  })
  expect(await readFile(join(world.root, 'dist/1.0.0/tests.log'), 'utf8')).toBe('hello\n')
})

test('while a job runs, nothing of ours is held', async () => {
  await start({ run: 'echo x >> starts; while [ ! -e end ]; do sleep 0.05; done' })

  for await (const run of engine.watch(key, new AbortController().signal)) {
    const state = nodeOf(run)
    if (state?.status === 'running' && state.phase === 'idle') break
  }

  await engine.cancel(key, 'seen enough')
  // It was idle, so that there was nothing to stop.
  expect(nodeOf(await ended())).toEqual({ status: 'cancelled' })
  await abandon()
})

test('a run that goes on elsewhere finds its job again, and does not start another', async () => {
  await start({ run: 'echo x >> starts; while [ ! -e end ]; do sleep 0.05; done' })
  for (let round = 0; round < 5; round += 1) {
    while ((await lines('starts')) < 1) await sleep(20)
    await engine.close()
    open(records())
  }

  await writeFile(join(world.root, 'end'), '')

  expect(nodeOf(await ended())).toMatchObject({ status: 'done' })
  expect(await lines('starts')).toBe(1)
})

async function abandon(): Promise<void> {
  const run = records().at(-1)
  const node = run?.plan.nodes[0]
  if (run === undefined || node === undefined || 'gate' in node) throw new Error('There is no run')
  const subject = { run: run.plan.run, node, results: {}, runId: run.id, runStartedAt: run.startedAt }
  const { options } = resolveStep(node, () => runJob)
  await runJob.abandon?.(options as never, contextFor(subject, AbortSignal.timeout(30_000)))
}

test('a job of a run that was cancelled is ended', async () => {
  await start({ run: 'echo x >> starts; sleep 45678' })
  while ((await lines('starts')) < 1) await sleep(20)
  await engine.cancel(key, 'enough')
  await ended()

  await abandon()
  await abandon()

  const commands = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  expect(commands.filter((line) => line.includes('45678'))).toEqual([])
})

describe('a job that fails', () => {
  test('is started again as often as was said, and not more', async () => {
    await start({ run: 'echo x >> starts; exit 3', more: { attemptsMax: 3 } })

    expect((await ended()).status).toBe('failed')
    expect(await lines('starts')).toBe(3)
  })

  test('and then succeeds counts', async () => {
    const run = 'echo x >> starts; [ "$(wc -l < starts)" -ge 2 ]'
    await start({ run, more: { attemptsMax: 3 } })

    expect(nodeOf(await ended())).toMatchObject({ status: 'done', result: { attempt: 2 } })
    expect(await lines('starts')).toBe(2)
  })

  test.each([
    ['exit-code', { run: 'echo first; printf "\\033[31mno such file: x\\033[0m\\n" >&2; exit 3' }],
    ['limit', { run: 'echo waiting; sleep 45679', more: { limitMs: 200 } }],
    ['no-artifacts', { run: 'touch "$HAWSER_ARTIFACTS/a.txt"', more: { artifacts: ['*.xml'] } }],
    [
      'two-of-one-name',
      { run: 'cd "$HAWSER_ARTIFACTS"; mkdir d; echo 1 > a; echo 2 > d/a', more: { artifacts: ['**'] } },
    ],
  ])('says why: %s', async (name, options) => {
    await start(options)

    const state = nodeOf(await ended())

    if (state?.status !== 'failed') throw new Error(`It is ${state?.status}`)
    const { code, message, hint = '' } = state.failure
    const text = failureText(new UserError(code, message, { hint }))
    await expect(text).toMatchFileSnapshot(`testdata/errors/job-${name}.txt`)
  })
})

test('an input of a step that was skipped is not set', async () => {
  const inputsFrom = { IMAGE: { step: 'build', path: 'digest' } }
  await start({ run: '[ -z "${IMAGE-}" ]', more: { inputsFrom } })

  expect(nodeOf(await ended())?.status).toBe('done')
})

describe('options that do not fit', () => {
  test.each([
    ['kind-unknown', { job: { provider: 'kubernetes', options: {} } }],
    ['option-missing', { job: { provider: 'process', options: {} } }],
    ['option-unknown', { job: { provider: 'commit-status', options: { context: 'x', branch: 'main' } } }],
    ['secret-in-clear', { job: { provider: 'process', options: { run: 'x', secrets: { A: 'hunter2' } } } }],
  ])('%s', async (name, more) => {
    const node = sampleStep('tests', [], { step: 'run-job', options: { name: 'tests', forge, ...more } })
    if ('gate' in node) throw new Error('A step was made')

    const failure = await Promise.resolve()
      .then(() => resolveStep(node, () => runJob))
      .then(
        () => 'nothing was wrong',
        (error) => failureText(error),
      )

    expect(failure).not.toContain('hunter2')
    await expect(failure).toMatchFileSnapshot(`testdata/errors/job-${name}.txt`)
  })
})

test('while a plan is made, a job is something to be created, and nothing is asked of it', async () => {
  const options = runJob.options.parse({
    name: 'tests',
    forge,
    job: { provider: 'process', options: { run: 'true' } },
  })
  const {
    execution: _,
    runStartedAt: __,
    ...planning
  } = contextFor(
    { run: samplePlan([]).run, node: sampleStep('tests') as never, results: {} },
    new AbortController().signal,
  )

  const probe = await runJob.probe(options, planning)

  expect(probe).toEqual({ state: 'absent' })
  expect(runJob.decide(options, probe, planning)).toEqual({ kind: 'create', summary: 'run the job tests' })
})
