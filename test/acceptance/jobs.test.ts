import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomOf } from '../crash/random.ts'
import { killGroup } from './hawser.ts'
import { emptyProject, type TestProject } from './project.ts'

let project: TestProject
beforeEach(async () => {
  project = await emptyProject({ engine: 'durable' })
})
afterEach(() => project.remove())

/** Two jobs after each other; the second uses what the first said. */
const file = (first: string, second: string): string => `project: hello
forge: { local: {} }
pipeline:
  extends: none
  steps:
    - id: build
      step: run-job
      with:
        name: the build
        job: { provider: process, options: { run: ${JSON.stringify(first)}, secrets: { TOKEN: env:TOKEN } } }
        againAfterMs: 100
    - id: tests
      step: run-job
      needs: [build]
      with:
        name: the tests
        job: { provider: process, options: { run: ${JSON.stringify(second)} } }
        inputsFrom: { IMAGE: { step: build, path: outputs.image } }
        artifacts: [report.txt]
        againAfterMs: 100
`

async function declare(first: string, second: string): Promise<void> {
  await project.write('hawser.yaml', file(first, second))
  await project.write('.gitignore', '.hawser/\ndist/\n*.did\nend\n')
  await project.git('add', '.')
  await project.git('commit', '-q', '-m', 'Run jobs')
}

const release = ['release', '1.0.0', '--yes']
const environment = () => ({ ...project.environment, TOKEN: 'hunter2hunter2' })
const did = (name: string): Promise<string> =>
  readFile(join(project.root, `${name}.did`), 'utf8').catch(() => '')

async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await sleep(20)
}

test('a release that is killed at any moment runs each of its jobs once', async () => {
  const build = 'echo build >> build.did; sleep 1; echo image=app@sha256:1 >> "$HAWSER_OUTPUT"'
  const tests = 'echo "$IMAGE" >> tests.did; sleep 1; echo fine > "$HAWSER_ARTIFACTS/report.txt"'
  await declare(build, tests)
  const random = randomOf(1_200)

  let ended = false
  for (let kill = 0; kill < 12 && !ended; kill += 1) {
    const running = project.start(release, { environment: environment() })
    const late = sleep(300 + random() * 900).then(() => 'late' as const)
    ended = (await Promise.race([running.ended, late])) !== 'late'
    killGroup(running.child)
    await running.ended
  }
  const { code, stdout } = await project.hawser(release, { environment: environment() })

  // What was published while it was killed is released once more: jobs of another run, which say the same.
  expect(code).toBe(0)
  expect(stdout).toContain('published')
  const runs = (await did('build')).split('\n').length - 1
  expect((await did('tests')).split('\n').length - 1).toBe(runs)
  expect(await did('tests')).toBe('app@sha256:1\n'.repeat(runs))
  expect(await readFile(join(project.root, 'dist/1.0.0/report.txt'), 'utf8')).toBe('fine\n')
})

describe('a job of a release', () => {
  test('goes on when the release is killed, and is found when it is resumed', async () => {
    await declare(
      'echo build >> build.did; while [ ! -e end ]; do sleep 0.05; done; echo image=x >> "$HAWSER_OUTPUT"',
      'echo fine > "$HAWSER_ARTIFACTS/report.txt"',
    )
    const running = project.start(release, { environment: environment() })
    await until(async () => (await did('build')) !== '')
    killGroup(running.child)
    await running.ended

    await writeFile(join(project.root, 'end'), '')
    const { code } = await project.hawser(['resume'], { environment: environment() })

    expect(code).toBe(0)
    expect(await did('build')).toBe('build\n')
  })

  test('ends with a release that is cancelled from another terminal', async () => {
    await declare('echo build >> build.did; sleep 56781', 'true')
    const running = project.start(release, { environment: environment() })
    await until(async () => (await did('build')) !== '')

    await project.hawser(['cancel', '1.0.0'], { environment: environment() })
    await running.ended

    expect(await sleepers('56781')).toEqual([])
  })

  test('ends with a release that was killed and then cancelled', async () => {
    await declare('echo build >> build.did; sleep 56782', 'true')
    const running = project.start(release, { environment: environment() })
    await until(async () => (await did('build')) !== '')
    killGroup(running.child)
    await running.ended

    await project.hawser(['cancel', '1.0.0'], { environment: environment() })

    expect(await sleepers('56782')).toEqual([])
  })

  test('that fails stops what is behind it, and its secret is nowhere in what is said or kept', async () => {
    await declare('echo "the token is $TOKEN"; exit 3', 'echo ran > tests.did')

    const { code, stderr } = await project.hawser(release, { environment: environment() })

    expect(code).toBe(2)
    expect(stderr).toContain('The job "the build" failed: it ended with exit code 3.')
    expect(stderr).toContain('| the token is ***')
    expect(stderr).not.toContain('hunter2')
    expect(await did('tests')).toBe('')
    for (const path of await filesBelow(join(project.root, '.hawser/jobs'))) {
      expect(await readFile(path, 'utf8')).not.toContain('hunter2')
    }
  })
})

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function sleepers(seconds: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (line.includes(`sleep\0${seconds}`)) found.push(pid)
  }
  return found
}
