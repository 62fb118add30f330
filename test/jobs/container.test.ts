import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { container } from '../../src/jobs/container/container.ts'
import { jobFolder, readProcess } from '../../src/jobs/supervised/job-folder.ts'
import { isAlive } from '../../src/lib/process-identity.ts'
import { Podman } from '../clients/podman.ts'
import { busyboxImage } from './busybox-image.ts'
import { type JobWorld, jobSpec, jobWorld, logOf, reached } from './sample-job.ts'

let podman: Podman
let image: string
let world: JobWorld
beforeAll(async () => {
  podman = await Podman.create()
  image = await busyboxImage(podman)
})
afterAll(() => podman.remove())
beforeEach(async () => {
  world = await jobWorld({ ...podman.environment, TOKEN: 'hunter2hunter2', OURS: 'not for jobs' })
})
afterEach(() => world.remove())

function runnerFor(script: string, more: object = {}) {
  const options = { image, tool: 'podman', command: ['sh', '-c', script], ...more }
  return container.create(container.options.parse(options), world.context)
}

const containers = async (): Promise<string> => (await podman.must('podman', 'ps', '--all', '--quiet')).trim()

describe('a job in a container', () => {
  test('sees the project, leaves files and outputs, keeps secrets out of its log, and nothing of it stays', async () => {
    await writeFile(join(world.root, 'input.txt'), 'from the project')
    const script = `cat input.txt; echo; echo "$TOKEN $IMAGE $MODE [$OURS]"
      touch cannot-write 2>/dev/null || echo read-only
      echo digest=1 >> "$HAWSER_OUTPUT"; echo data > "$HAWSER_ARTIFACTS/report.txt"`
    const runner = runnerFor(script, { secrets: { TOKEN: 'env:TOKEN' }, environment: { MODE: 'fast' } })
    const spec = jobSpec({ inputs: { IMAGE: 'app:1' } })

    await runner.start(spec)

    expect(await reached(runner, spec, 'succeeded', 'failed')).toEqual({
      state: 'succeeded',
      outputs: { digest: '1' },
    })
    expect(await logOf(runner, spec)).toBe('from the project\n*** app:1 fast []\nread-only\n')
    const [file] = (await runner.files?.(spec)) ?? []
    expect(file?.path).toBe('report.txt')
    expect(await readFile(file?.file ?? '', 'utf8')).toBe('data\n')
    expect(await containers()).toBe('')
  })

  test('may be of another user, and still says what it has to say', async () => {
    const runner = runnerFor('id -u; echo a=b >> "$HAWSER_OUTPUT"; touch "$HAWSER_ARTIFACTS/x"', {
      options: ['--user=65532'],
    })
    await runner.start(jobSpec())

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'succeeded',
      outputs: { a: 'b' },
    })
    expect(await logOf(runner, jobSpec())).toBe('65532\n')
  })

  test('is found by its name when its supervisor and its client were killed, and can be cancelled', async () => {
    const runner = runnerFor('echo ready; while true; do sleep 0.1; done')
    await runner.start(jobSpec())
    while (!(await logOf(runner, jobSpec())).includes('ready')) await sleep(10)
    await killSupervised()

    expect((await runner.poll(jobSpec())).state).toBe('running')
    await runner.cancel(jobSpec())

    expect(await runner.poll(jobSpec())).toEqual({ state: 'cancelled' })
    expect(await containers()).toBe('')
  })

  test('ends as it ends when its supervisor and its client were killed', async () => {
    const runner = runnerFor('echo ready; while [ ! -e /workspace/end ]; do sleep 0.1; done; exit 7')
    await runner.start(jobSpec())
    while (!(await logOf(runner, jobSpec())).includes('ready')) await sleep(10)
    await killSupervised()

    await writeFile(join(world.root, 'end'), '')

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'failed',
      reason: 'it ended with exit code 7',
      exitCode: 7,
    })
    await podman.run('podman', 'rm', '--all', '--force')
  })

  test('ends when its time is over', async () => {
    const runner = runnerFor('trap "exit 0" TERM; while true; do sleep 0.1; done')
    await runner.start(jobSpec({ limitMs: 1_000 }))

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'failed',
      reason: 'it did not end within its limit of 1 s',
    })
    expect(await containers()).toBe('')
  })
})

async function killSupervised(): Promise<void> {
  const folder = jobFolder(world.root, jobSpec().key)
  for (const path of [folder.owner, folder.child]) {
    const found = await readProcess(path)
    if (found === undefined) throw new Error(`There is no ${path}`)
    process.kill(found.pid, 'SIGKILL')
    while (await isAlive(found)) await sleep(5)
  }
}

describe('bad input', () => {
  test('an image that does not exist: the job failed, and the log says why', async () => {
    const runner = runnerFor('true', { image: 'localhost/no-such-image:1' })
    await runner.start(jobSpec())

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'failed',
      reason: '"podman run" could not start the container',
      exitCode: 125,
    })
    expect(await logOf(runner, jobSpec())).toContain('no-such-image')
  })

  test('a tool that is not installed', async () => {
    const runner = runnerFor('true', { tool: 'no-such-tool' })
    await runner.start(jobSpec())

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'failed',
      reason: 'it could not be started: spawn no-such-tool ENOENT',
    })
  })

  test('a secret with the name of a variable that the tool itself needs', async () => {
    const failure = await runnerFor('true', { secrets: { PATH: 'env:TOKEN' } })
      .start(jobSpec())
      .then(
        () => 'it started',
        (error) => failureText(error),
      )

    await expect(failure).toMatchFileSnapshot('testdata/errors/secret-named-path.txt')
  })
})
