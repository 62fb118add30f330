import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { killGroup, type RunningHawser } from './hawser.ts'
import { commit, type TestProject, testProject, version } from './project.ts'
import { worldOf } from './world.ts'

const release = ['release', version, '--yes']
const approve = ['approve', 'ship', '--reason', 'tested by hand']

let template: TestProject
let project: TestProject
let copies = 0
beforeAll(async () => {
  template = await testProject({ engine: 'durable', packages: ['hello'], architectures: ['amd64'] })
  await gate(template, '1d')
  await commit(template, 'Ask before publishing')
})
beforeEach(async () => {
  project = await template.copy(`copy-${++copies}`)
})
const started: RunningHawser[] = []
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    killGroup(child)
    await ended
  }
})
afterAll(() => template.remove())

async function gate(of: TestProject, limit: string): Promise<void> {
  const yaml = await of.git('show', ':hawser.yaml')
  const steps = `  steps:
    - { id: ship, gate: Ship it?, needs: [assets], before: [publish-release], limit: ${limit} }
`
  await of.write('hawser.yaml', `${yaml.split('  steps:')[0]?.trimEnd()}\n${steps}`)
}

function start(args: readonly string[]): RunningHawser {
  const running = project.start(args)
  started.push(running)
  return running
}

async function waiting(): Promise<void> {
  const { code, stdout, stderr } = await project.hawser(release)
  expect(`${code} ${stdout}`).toContain('3 hello 1.0.0 waits for a decision')
  expect(stderr).toContain(
    `Next: hawser approve ship --reason TEXT ${version}, then hawser resume ${version}`,
  )
}

const isPublished = async (): Promise<boolean> =>
  Object.keys(await worldOf(project)).includes('releases/v1.0.0/release.json')

describe('a release that waits at a gate', () => {
  test('says who must act, and goes on when it was approved from another terminal', async () => {
    await waiting()
    expect(await isPublished()).toBe(false)
    const status = await project.hawser(['status'])
    expect(status.stdout).toContain('ship: Ship it?')
    expect(status.stdout).toContain(`hawser approve ship --reason TEXT ${version}`)

    const approved = await project.hawser(approve)

    expect(`${approved.code} ${approved.stdout}`).toMatch(
      /^0 Approved "ship" of hello\/1\.0\.0#1 as .+ on .+\.$/m,
    )
    expect(approved.stderr).toMatch(/build:hello:deb:amd64 hello_1\.0\.0-1_amd64\.deb sha256:[0-9a-f]{64}/)
    expect(await isPublished()).toBe(false)
    const { code, stderr } = await project.hawser(['resume', version])
    expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(await isPublished()).toBe(true)
    const after = JSON.parse((await project.hawser(['status', '--json'])).stdout)
    expect(after[0].nodes.ship.decision).toMatchObject({
      decision: 'approve',
      reason: 'tested by hand',
      planDigest: after[0].planDigest,
      artifacts: {
        'build:hello:deb:amd64 hello_1.0.0-1_amd64.deb': expect.stringMatching(/^sha256:/),
      },
    })
  })

  test('stays when it is told to, and goes on by itself', async () => {
    const running = start([...release, '--wait'])
    await running.says('? ship  Ship it?')

    const approved = await project.hawser([...approve, version])

    expect(`${approved.code} ${approved.stderr}`).toMatch(/^0 /)
    expect(approved.stderr).toContain(`The process ${running.child.pid} goes on with it.`)
    const { code, stdout } = await running.ended
    expect(`${code} ${stdout}`).toMatch(/^0 hello 1.0.0 is published/)
  })

  test('ends with 4 when it is rejected, and publishes nothing', async () => {
    const running = start([...release, '--wait'])
    await running.says('? ship  Ship it?')

    const rejected = await project.hawser(['reject', 'ship', '--reason', 'the icon is wrong'])

    expect(`${rejected.code} ${rejected.stdout}`).toMatch(/^0 Rejected "ship"/)
    const { code, stdout, stderr } = await running.ended
    expect(`${code} ${stdout}`).toMatch(/^4 hello 1.0.0 was rejected/)
    expect(stderr).toContain('the icon is wrong')
    expect(await isPublished()).toBe(false)
  })

  test('is not forgotten by a machine that died: it is approved and resumed', async () => {
    const running = start([...release, '--wait'])
    await running.says('? ship  Ship it?')
    killGroup(running.child)
    await running.ended

    expect((await project.hawser(approve)).code).toBe(0)
    const { code, stderr } = await project.hawser(['resume'])

    expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(await isPublished()).toBe(true)
  })

  test('asks anew when the plan has changed', async () => {
    await waiting()
    expect((await project.hawser(approve)).code).toBe(0)
    expect((await project.hawser(['cancel'])).code).toBe(0)
    await project.git('commit', '--quiet', '--allow-empty', '--message', 'Next')

    const { code } = await project.hawser(['release', '1.0.1', '--yes'])

    expect(code).toBe(3)
  })

  test('is over, and says so, when nobody decides in time', async () => {
    await gate(project, '3s')
    await commit(project, 'Decide within seconds')

    const { code, stderr } = await project.hawser([...release, '--wait'])

    expect(stderr).toContain('still waits at "ship"')
    expect(stderr).toContain('GATE_LAPSED')
    expect(code).toBe(1)
    expect(await isPublished()).toBe(false)
  })
})

test('the engine in memory says that nobody can decide', async () => {
  const { code, stderr } = await project.hawser(release, { environment: { HAWSER_ENGINE: 'memory' } })

  expect(stderr).toContain('its gate cannot be decided')
  expect(code).toBe(3)
})

describe('what cannot be decided gets a text that says what to do', () => {
  test.each([
    ['no-reason', ['approve', 'ship']],
    ['no-run', ['approve', 'ship', '--reason', 'good']],
    ['no-run-of-version', ['reject', 'ship', '--reason', 'bad', '9.9.9']],
    ['no-gate', ['approve']],
  ])('%s', async (name, args) => {
    const { stderr, code } = await project.hawser(args)

    expect(code).toBe(2)
    await expect(stderr).toMatchFileSnapshot(`testdata/errors/gates/${name}.txt`)
  })

  test.each([
    ['unknown-gate', 2, ['approve', 'shop', '--reason', 'good']],
    ['other-plan', 5, ['approve', 'ship', '--reason', 'good', '--plan', 'sha256:0000']],
  ])('%s', async (name, expected, args) => {
    await waiting()

    const { stderr, code } = await project.hawser(args)

    expect(code).toBe(expected)
    const text = stderr.replaceAll(/plan sha256:[0-9a-f]{64}/g, 'plan sha256:(digest)')
    await expect(text).toMatchFileSnapshot(`testdata/errors/gates/${name}.txt`)
  })
})
