import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { processJobs } from '../../src/jobs/process/process.ts'
import { jobFolder, readProcess } from '../../src/jobs/supervised/job-folder.ts'
import { isAlive } from '../../src/lib/process-identity.ts'
import { randomOf } from '../crash/random.ts'
import { type JobWorld, jobSpec, jobWorld, logOf, reached } from './sample-job.ts'

let world: JobWorld
beforeEach(async () => {
  world = await jobWorld()
})
afterEach(() => world.remove())

const runnerFor = (run: string) => processJobs.create(processJobs.options.parse({ run }), world.context)

/** Processes that run in the project; jobs are to leave none. Of other tests, and of other runs of this one, there are none. */
async function processesHere(): Promise<readonly string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    if ((await readlink(`/proc/${pid}/cwd`).catch(() => '')) !== world.root) continue
    found.push(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
  }
  // The supervisor writes the end of the job, and then ends itself; a zombie has no command any more.
  return found.filter((line) => line !== '' && !line.includes('job-supervisor'))
}

describe('a job ends with everything that it started', () => {
  // Numbers that nobody else sleeps for.
  const spawns = 'sleep 98761 & setsid sleep 98762 & (setsid sh -c "sleep 98763 & sleep 98764" &)'

  test('when it is cancelled', async () => {
    const runner = runnerFor(`${spawns}; echo ready; sleep 98765`)
    await runner.start(jobSpec())
    while (!(await logOf(runner, jobSpec())).includes('ready')) await sleep(10)

    await runner.cancel(jobSpec())

    expect(await runner.poll(jobSpec())).toEqual({ state: 'cancelled' })
    expect(await processesHere()).toEqual([])
  })

  test('when it ends by itself', async () => {
    const runner = runnerFor(spawns)
    await runner.start(jobSpec())

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toMatchObject({ state: 'succeeded' })
    expect(await processesHere()).toEqual([])
  })

  test('when its time is over, also when it does not listen', async () => {
    const runner = runnerFor(`trap "" TERM; ${spawns}; while true; do sleep 0.1; done`)
    await runner.start(jobSpec({ limitMs: 300 }))

    expect(await reached(runner, jobSpec({ limitMs: 300 }), 'succeeded', 'failed')).toEqual({
      state: 'failed',
      reason: 'it did not end within its limit of 0.3 s',
    })
    expect(await processesHere()).toEqual([])
  })

  test('when it is cancelled after its supervisor was killed', async () => {
    const runner = runnerFor(`${spawns}; echo ready; sleep 98765`)
    await runner.start(jobSpec())
    while (!(await logOf(runner, jobSpec())).includes('ready')) await sleep(10)
    await killSupervisor()
    expect((await runner.poll(jobSpec())).state).toBe('running')

    await runner.cancel(jobSpec())

    expect(await runner.poll(jobSpec())).toEqual({ state: 'cancelled' })
    expect(await processesHere()).toEqual([])
  })
})

describe('what a job started elsewhere is taken away', () => {
  // As a test cluster would be: nothing of it is a process of the job.
  const run = 'touch cluster; echo ready; sleep 98766'
  const cleanup = 'rm cluster; echo gone'
  const withCleanup = (text = run) =>
    processJobs.create(processJobs.options.parse({ run: text, cleanup }), world.context)
  const ready = async (): Promise<void> => {
    while (!(await logOf(withCleanup(), jobSpec())).includes('ready')) await sleep(10)
  }

  test.each([
    ['ends well', 'touch cluster', 'succeeded'],
    ['fails', 'touch cluster; exit 3', 'failed'],
  ] as const)('when it %s', async (_how, text, state) => {
    await withCleanup(text).start(jobSpec())

    expect((await reached(withCleanup(text), jobSpec(), 'succeeded', 'failed')).state).toBe(state)
    expect(await readdir(world.root)).toEqual(['.hawser'])
    expect(await logOf(withCleanup(), jobSpec())).toBe('gone\n')
  })

  test('when its time is over', async () => {
    await withCleanup().start(jobSpec({ limitMs: 300 }))

    expect((await reached(withCleanup(), jobSpec(), 'succeeded', 'failed')).state).toBe('failed')
    expect(await readdir(world.root)).toEqual(['.hawser'])
  })

  test('when it is cancelled', async () => {
    await withCleanup().start(jobSpec())
    await ready()

    await withCleanup().cancel(jobSpec())

    expect(await readdir(world.root)).toEqual(['.hawser'])
  })

  test('when it is cancelled after its supervisor was killed', async () => {
    await withCleanup().start(jobSpec())
    await ready()
    await killSupervisor()

    await withCleanup().cancel(jobSpec())

    expect(await readdir(world.root)).toEqual(['.hawser'])
    expect(await processesHere()).toEqual([])
  })
})

async function killSupervisor(): Promise<void> {
  const owner = await readProcess(jobFolder(world.root, jobSpec().key).owner)
  if (owner === undefined) throw new Error('The job has no supervisor')
  process.kill(owner.pid, 'SIGKILL')
  while (await isAlive(owner)) await sleep(5)
}

test('a job whose end nobody saw has failed, and is not started again', async () => {
  const runner = runnerFor('echo started >> starts; sleep 0.3')
  await runner.start(jobSpec())
  await reached(runner, jobSpec(), 'running')
  await killSupervisor()

  const state = await reached(runner, jobSpec(), 'succeeded', 'failed')
  await runner.start(jobSpec())

  expect(state).toEqual({
    state: 'failed',
    reason: 'it was ended from outside, together with its supervisor',
  })
  expect(await runner.poll(jobSpec())).toEqual(state)
})

test('starters that are killed at any moment start the job once, and it is found again', async () => {
  const random = randomOf(20_240_501)
  for (let round = 0; round < 12; round += 1) {
    const spec = jobSpec({ key: `round ${round}` })
    const runner = runnerFor(`echo started >> starts-${round}`)
    for (let starter = 0; starter < 3; starter += 1) {
      const child = starterOf(spec.key, `echo started >> starts-${round}`)
      await sleep(40 + random() * 250)
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    // A supervisor whose starter was killed may be on its way: both want the job, and one gets it.
    await runner.start(spec)

    expect(await reached(runner, spec, 'succeeded', 'failed')).toMatchObject({ state: 'succeeded' })
    expect(await readFile(join(world.root, `starts-${round}`), 'utf8')).toBe('started\n')
  }
})

function starterOf(key: string, run: string): ChildProcess {
  const work = JSON.stringify({ root: world.root, key, run })
  return spawn(process.execPath, [join(import.meta.dirname, 'start-worker.ts'), work], { stdio: 'ignore' })
}
