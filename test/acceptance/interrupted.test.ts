import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { killGroup, type RunningHawser } from './hawser.ts'
import { type TestProject, testProject, version } from './project.ts'
import { differences, leftovers, type World, worldOf } from './world.ts'

const release = ['release', version, '--yes']

let template: TestProject
let project: TestProject
let uninterrupted: World
let copies = 0
beforeAll(async () => {
  template = await testProject({ engine: 'durable', packages: ['hello'], parallel: 1 })
  const whole = await template.copy('whole')
  expect((await whole.hawser(release)).code).toBe(0)
  uninterrupted = await worldOf(whole)
})
beforeEach(async () => {
  project = await template.copy(`copy-${++copies}`)
})
afterEach(async () => {
  // Nothing is left of a test that failed; one may be stopped.
  for (const { child, ended } of started.splice(0)) {
    killGroup(child)
    await ended
  }
})
afterAll(() => template.remove())

const started: RunningHawser[] = []

function start(args: readonly string[]): RunningHawser {
  const running = project.start(args)
  started.push(running)
  return running
}

/** Where a person may lose patience: while it plans, builds, tags, uploads and publishes. */
const moments = ['Plan sha256', '> build:hello:rpm:amd64', '✓ tag', '> assets', '> publish:fedora']

describe('a release that is interrupted', () => {
  test.each(moments)('by Ctrl-C after "%s" says how to go on, and goes on', async (moment) => {
    const running = start(release)
    await running.says(moment)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended

    // It may have ended in the moment before it heard of it.
    if (code === 0) return
    expect(stderr).toContain('Interrupted. What was done is recorded.\nNext: hawser resume')
    expect(code).toBe(1)
    await goesOn(stderr.includes('\n  > ') ? ['resume'] : release)
  })

  test.each(moments)('by SIGTERM after "%s" goes on with the same command', async (moment) => {
    const running = start(release)
    await running.says(moment)
    running.child.kill('SIGTERM')
    const { code } = await running.ended

    expect([0, 1]).toContain(code)
    await goesOn(release)
  })

  test('twice ends at once, and goes on', async () => {
    const running = start(release)
    await running.says('> assets')
    running.child.kill('SIGINT')
    running.child.kill('SIGINT')
    const { code } = await running.ended

    expect([0, 1, 130]).toContain(code)
    await goesOn(release)
  })

  test('is not gone on with by those who only ask', async () => {
    const running = start(release)
    await running.says('✓ tag')
    killGroup(running.child)
    await running.ended
    const before = await worldOf(project)

    const { code, stdout } = await project.hawser(['status'])

    expect(stdout).toContain('hello 1.0.0 is running')
    expect(code).toBe(0)
    expect(differences(before, await worldOf(project))).toEqual([])
    await goesOn(['resume', version])
  })

  test('can be cancelled, and released anew', async () => {
    const running = start(release)
    await running.says('✓ tag')
    killGroup(running.child)
    await running.ended
    const before = await worldOf(project)

    const { code, stdout } = await project.hawser(['cancel', '--reason', 'wrong day'])

    expect(stdout).toContain('was cancelled')
    expect(code).toBe(0)
    expect(differences(before, await worldOf(project))).toEqual([])
    await goesOn(release)
  })

  test('stays as it is while another version is released from another commit', async () => {
    const running = start(release)
    await running.says('✓ tag')
    killGroup(running.child)
    await running.ended
    await project.git('commit', '--quiet', '--allow-empty', '--message', 'Next')

    const { code, stderr } = await project.hawser(['release', '2.0.0', '--yes'])

    expect(stderr).toContain('✓ publish-release')
    expect(code).toBe(0)
    const { stdout } = await project.hawser(['status', version])
    expect(stdout).toContain('hello 1.0.0 is running')
    expect((await project.hawser(['verify', version])).stdout).toContain('RELEASE_ABSENT')
    await project.git('reset', '--quiet', '--hard', 'HEAD~1')
    expect((await project.hawser(['resume', version])).code).toBe(0)
    expect((await project.hawser(['verify', version])).code).toBe(0)
  })

  test('is not resumed from another commit', async () => {
    const running = start(release)
    await running.says('> assets')
    killGroup(running.child)
    await running.ended
    await project.git('commit', '--quiet', '--allow-empty', '--message', 'Next')

    const { code, stderr } = await project.hawser(['resume'])

    expect(stderr).toContain('RUN_OTHER_COMMIT')
    expect(code).toBe(2)
    await project.git('reset', '--quiet', '--hard', 'HEAD~1')
    await goesOn(['resume'])
  })
})

describe('two commands on one project', () => {
  test('of which the second attaches, end both with what the run came to', async () => {
    const first = start(release)
    await first.says('> build:hello:rpm:amd64')
    first.child.kill('SIGSTOP')
    const second = start(release)
    await second.says("has had this project's engine since")
    first.child.kill('SIGCONT')

    const ends = await Promise.all([first.ended, second.ended])

    for (const { code, stdout, stderr } of ends) {
      expect(`${stdout} ${stderr}`).toContain('hello 1.0.0 is published')
      expect(code).toBe(0)
    }
    expect(differences(uninterrupted, await worldOf(project))).toEqual([])
  })

  test('of which the second is interrupted leave the first alone', async () => {
    const first = start(release)
    await first.says('> build:hello:rpm:amd64')
    first.child.kill('SIGSTOP')
    const second = start(['resume'])
    await second.says("has had this project's engine since")
    second.child.kill('SIGINT')
    expect((await second.ended).code).toBe(1)
    first.child.kill('SIGCONT')

    expect((await first.ended).code).toBe(0)
    expect(differences(uninterrupted, await worldOf(project))).toEqual([])
  })

  test('of which the first is killed: the second goes on in its place', async () => {
    const first = start(release)
    await first.says('> build:hello:rpm:amd64')
    first.child.kill('SIGSTOP')
    const second = start(release)
    await second.says("has had this project's engine since")
    killGroup(first.child)

    const { code, stdout, stderr } = await second.ended

    expect(`${code} ${stdout} ${stderr}`).toMatch(/^0 hello 1.0.0 is published/)
    expect(differences(uninterrupted, await worldOf(project))).toEqual([])
  })

  test('with the engine in memory come to the same release', async () => {
    const environment = { HAWSER_ENGINE: 'memory' }
    const ends = await Promise.all([1, 2].map(() => project.hawser(release, { environment })))

    for (const { code, stderr } of ends) expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(differences(uninterrupted, await worldOf(project))).toEqual([])
    expect(await leftovers(project)).toEqual([])
  })
})

async function goesOn(args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await project.hawser(args)
  expect(`${code} ${stdout} ${stderr}`).toMatch(/^0 /)
  expect(differences(uninterrupted, await worldOf(project))).toEqual([])
  expect(await leftovers(project)).toEqual([])
}
