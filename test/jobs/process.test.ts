import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { processJobs } from '../../src/jobs/process/process.ts'
import { jobFolder } from '../../src/jobs/supervised/job-folder.ts'
import { type JobWorld, jobSpec, jobWorld, logOf, reached } from './sample-job.ts'

let world: JobWorld
beforeEach(async () => {
  world = await jobWorld({
    TOKEN: 'hunter2hunter2',
    GOCACHE: '/cache',
    AWS_SECRET_ACCESS_KEY: 'not-for-jobs',
  })
})
afterEach(() => world.remove())

const runnerFor = (options: object) => processJobs.create(processJobs.options.parse(options), world.context)

async function ran(options: object, spec = jobSpec()): Promise<string> {
  const runner = runnerFor(options)
  await runner.start(spec)
  await reached(runner, spec, 'succeeded', 'failed')
  return logOf(runner, spec)
}

describe('the environment of a job', () => {
  test('has what was asked for, and nothing else of ours', async () => {
    const log = await ran(
      { run: 'env', environment: { MODE: 'fast' }, pass: ['GOCACHE', 'UNSET'] },
      jobSpec({ inputs: { IMAGE: 'app@sha256:1' } }),
    )

    const names = log.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/=.*/, '')]))
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)).sort()).toEqual([
      'GOCACHE',
      'HAWSER_ARTIFACTS',
      'HAWSER_COMMIT',
      'HAWSER_JOB',
      'HAWSER_OUTPUT',
      'HOME',
      'IMAGE',
      'LANG',
      'LOGNAME',
      'MODE',
      'PATH',
      'TMPDIR',
      'USER',
    ])
    expect(log).toContain('IMAGE=app@sha256:1\n')
  })

  test('has a home of its own, which is empty', async () => {
    expect(await ran({ run: 'ls -A "$HOME" "$TMPDIR" | wc -l; touch "$HOME/x" "$TMPDIR/y"' })).toMatch(
      /^\s*\d+\n$/,
    )
  })
})

describe('secrets', () => {
  test('reach the job, and never its log, whatever the pieces that they are printed in', async () => {
    const run =
      'printf "%.7s" "$TOKEN"; sleep 0.2; printf "%s" "$TOKEN" | cut -c8-; echo "$TOKEN" >&2; [ "$TOKEN" = hunter2hunter2 ]'
    const runner = runnerFor({ run, secrets: { TOKEN: 'env:TOKEN' } })
    await runner.start(jobSpec())

    expect((await reached(runner, jobSpec(), 'succeeded', 'failed')).state).toBe('succeeded')
    expect(await logOf(runner, jobSpec())).toBe('***\n***\n')
    expect(world.masked).toEqual(['hunter2hunter2'])
  })

  test('are in no file of the job', async () => {
    await ran({ run: 'true', secrets: { TOKEN: 'env:TOKEN' } })

    const folder = jobFolder(world.root, jobSpec().key)
    for (const file of [folder.owner, folder.end, folder.log, join(folder.path, 'supervisor.log')]) {
      expect(await readFile(file, 'utf8')).not.toContain('hunter2')
    }
    expect((await stat(folder.log)).mode & 0o077).toBe(0)
  })
})

describe('what a job says', () => {
  test('outputs are lines of NAME=VALUE, the last one counts', async () => {
    const runner = runnerFor({ run: 'echo image=a >> "$HAWSER_OUTPUT"; echo image=b=c >> "$HAWSER_OUTPUT"' })
    await runner.start(jobSpec())

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'succeeded',
      outputs: { image: 'b=c' },
    })
  })

  test('files are those that it left, without links', async () => {
    const run = 'cd "$HAWSER_ARTIFACTS"; mkdir d; echo 1 > d/b.txt; echo 2 > a.txt; ln -s /etc/passwd link'
    await ran({ run })

    const files = await runnerFor({ run }).files?.(jobSpec())
    expect(files?.map(({ path }) => path)).toEqual(['a.txt', 'd/b.txt'])
  })

  test('its exit code is in the reason', async () => {
    const runner = runnerFor({ run: 'echo so much for that; exit 42' })
    await runner.start(jobSpec())

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'failed',
      reason: 'it ended with exit code 42',
      exitCode: 42,
    })
  })
})

describe('bad input', () => {
  interface Case {
    readonly name: string
    readonly options: object
    readonly prepare?: () => Promise<void>
  }
  const cases: readonly Case[] = [
    { name: 'folder-missing', options: { run: 'true', directory: 'nowhere' } },
    { name: 'secret-missing', options: { run: 'true', secrets: { PASSWORD: 'env:NOT_SET' } } },
    { name: 'secret-file-missing', options: { run: 'true', secrets: { PASSWORD: 'file:nowhere' } } },
    { name: 'secret-command', options: { run: 'true', secrets: { PASSWORD: 'cmd:exit 3' } } },
  ]
  test.each(cases)('$name', async ({ name, options }) => {
    const failure = await runnerFor(options)
      .start(jobSpec())
      .then(
        () => 'it started',
        (error) => failureText(error),
      )

    await expect(failure).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
    expect(await runnerFor(options).poll(jobSpec())).toEqual({ state: 'absent' })
  })

  test.each([
    ['outputs-line', 'echo "no equals sign" >> "$HAWSER_OUTPUT"'],
    ['outputs-large', 'head -c 70000 /dev/zero | tr "\\0" x > "$HAWSER_OUTPUT"'],
  ])('%s', async (name, run) => {
    const runner = runnerFor({ run })
    await runner.start(jobSpec())

    const failure = await reached(runner, jobSpec(), 'succeeded', 'failed').then(
      () => 'nothing was wrong',
      (error) => failureText(error),
    )
    await expect(failure).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })

  test('a shell that does not exist', async () => {
    const runner = runnerFor({ run: 'true', shell: ['/no/such/shell'] })
    await runner.start(jobSpec())

    expect(await reached(runner, jobSpec(), 'succeeded', 'failed')).toEqual({
      state: 'failed',
      reason: 'it could not be started: spawn /no/such/shell ENOENT',
    })
  })

  test('a folder of jobs that cannot be written is told with its path', async () => {
    await mkdir(join(world.root, '.hawser'))
    await mkdir(join(world.root, '.hawser/jobs'))
    const { path } = jobFolder(world.root, jobSpec().key)
    await writeFile(path, '')

    const failure = await runnerFor({ run: 'true' })
      .start(jobSpec())
      .then(
        () => 'it started',
        (error) => failureText(error).replaceAll(world.root, 'ROOT'),
      )
    await expect(failure).toMatchFileSnapshot('testdata/errors/folder-is-file.txt')
  })
})
