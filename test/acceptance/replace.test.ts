import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { killGroup } from './hawser.ts'
import { commit, emptyProject, type TestProject, version } from './project.ts'
import { worldOf } from './world.ts'

const yaml = (gate: boolean): string => `project: hello
forge:
  local: { releases: releases, tagger: 'Release Team <release@example.org>' }
release:
  tag: v\${version}
  title: Hello \${version}
  notes: Says hello.
  assets: [greeting.txt]
${gate ? 'pipeline: { steps: [{ id: ship, gate: Ship it?, needs: [assets], before: [publish-release] }] }\n' : ''}`

let folder: TestProject
let project: TestProject
let copies = 0
beforeAll(async () => {
  folder = await emptyProject({ engine: 'durable' })
  await folder.write('.gitignore', '/.hawser/\n/dist/\n/releases/\n')
  await folder.write('greeting.txt', 'Hello, world.\n')
  await folder.write('hawser.yaml', yaml(false))
  await commit(folder, 'Say hello')
})
beforeEach(async () => {
  project = await folder.copy(`copy-${++copies}`)
})
afterAll(() => folder.remove())

async function draft(): Promise<void> {
  await project.write('hawser.yaml', yaml(true))
  await commit(project, 'Ask before publishing')
  expect((await project.hawser(['release', version, '--yes'])).code).toBe(3)
  expect((await project.hawser(['cancel', version])).code).toBe(0)
}

async function fix(): Promise<string> {
  await project.write('greeting.txt', 'Hello, people.\n')
  await project.write('hawser.yaml', yaml(false))
  await commit(project, 'Greet people')
  return (await project.git('rev-parse', 'HEAD')).trim()
}

const tagged = async (): Promise<string> => (await project.git('rev-parse', `v${version}^{commit}`)).trim()

const replace = ['replace', version, '--yes']

describe('hawser replace', () => {
  test('releases what nobody has released yet', async () => {
    const { code, stdout } = await project.hawser(replace)

    expect(`${code} ${stdout}`).toMatch(/^0 hello 1.0.0 is published/)
  })

  test('takes a draft, its assets and its tag away, and releases the version from the new commit', async () => {
    await draft()
    const fixed = await fix()
    expect((await project.hawser(['release', version, '--yes'])).code).toBe(5)

    const { code, stderr } = await project.hawser([...replace, '--reason', 'greets the wrong ones'])

    expect(stderr).toMatch(/remove the draft v1\.0\.0 with 2 assets, and its tag at [0-9a-f]{12}/)
    expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(await tagged()).toBe(fixed)
    const { stdout } = await project.hawser(['status', '--json'])
    const [, removal] = JSON.parse(stdout)
    expect(removal.plan.nodes[0].options).toMatchObject({
      reason: 'greets the wrong ones',
      by: expect.any(String),
    })
    expect((await project.hawser(['verify', version])).code).toBe(0)
  })

  test('replaces a published release only by force and with a reason', async () => {
    expect((await project.hawser(['release', version, '--yes'])).code).toBe(0)
    const fixed = await fix()
    const before = await worldOf(project)

    const asked = await project.hawser(replace)
    const forced = await project.hawser([...replace, '--force-published'])

    expect([asked.code, forced.code]).toEqual([5, 2])
    await expect(asked.stderr.slice(asked.stderr.indexOf('RELEASE_PUBLISHED'))).toMatchFileSnapshot(
      'testdata/errors/replace/published.txt',
    )
    await expect(forced.stderr).toMatchFileSnapshot('testdata/errors/replace/no-reason.txt')
    expect(await worldOf(project)).toEqual(before)
    const { code, stderr } = await project.hawser([...replace, '--force-published', '--reason', 'harmful'])
    expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(await tagged()).toBe(fixed)
  })

  test('leaves a release alone that somebody still waits for', async () => {
    await project.write('hawser.yaml', yaml(true))
    await commit(project, 'Ask before publishing')
    expect((await project.hawser(['release', version, '--yes'])).code).toBe(3)
    const before = await worldOf(project)

    const { code, stderr } = await project.hawser(replace)

    expect(code).toBe(5)
    await expect(stderr).toMatchFileSnapshot('testdata/errors/replace/active.txt')
    expect(await worldOf(project)).toEqual(before)
  })

  test('takes nothing away when the new release could not be made', async () => {
    await draft()
    await fix()
    await project.git('rm', '--quiet', 'greeting.txt')
    await project.git('commit', '--quiet', '--message', 'Lose the greeting')
    const before = await worldOf(project)

    const { code, stderr } = await project.hawser(replace)

    expect(`${code} ${stderr}`).toMatch(/^2 /)
    expect(await worldOf(project)).toEqual(before)
  })

  test('that is killed while it removes goes on when it is typed again', async () => {
    await draft()
    const fixed = await fix()
    const running = project.start(replace)
    await running.says('  > remove')
    killGroup(running.child)
    await running.ended

    const { code, stderr } = await project.hawser(replace)

    expect(`${code} ${stderr}`).toMatch(/^0 /)
    expect(await tagged()).toBe(fixed)
    expect(Object.keys(await worldOf(project)).filter((path) => path.includes('removed'))).toEqual([])
  })
})
