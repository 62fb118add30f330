import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { commit, type TestProject, testProject, version } from './project.ts'
import { differences, type World, worldOf } from './world.ts'

const planned = ['release', version, '--plan', '.hawser/plan.json']

let template: TestProject
let project: TestProject
let untouched: World
let copies = 0
beforeAll(async () => {
  template = await testProject({ packages: ['hello'], architectures: ['amd64'] })
  await template.write('files/greeting.txt', 'Hello, again.\n')
  await commit(template, 'Greet again')
  const { code, stderr } = await template.hawser(['plan', version, '--out', '.hawser/plan.json'])
  expect(`${code} ${stderr}`).toMatch(/^0 /)
  expect(stderr).toContain('Next: hawser release 1.0.0 --plan .hawser/plan.json')
  untouched = await worldOf(template)
})
beforeEach(async () => {
  project = await template.copy(`copy-${++copies}`)
})
afterAll(() => template.remove())

describe('a plan that was looked at before', () => {
  test('is done when nothing moved', async () => {
    const { code, stdout } = await project.hawser(planned)

    expect(stdout).toContain('hello 1.0.0 is published')
    expect(code).toBe(0)
    expect((await project.hawser(['verify', version])).code).toBe(0)
  })

  test('is refused when the tag has come to stand elsewhere', async () => {
    await project.git('tag', 'v1.0.0', 'HEAD~1')

    await refused('PLAN_WORLD_MOVED', /tag.*exists and points to/)
  })

  test('is done when somebody made the same tag meanwhile', async () => {
    await project.git('tag', '--annotate', '--message', 'mine', 'v1.0.0')

    const { code, stdout } = await project.hawser(planned)

    // The tag at this commit is what was planned: nothing is left to do for it, and nothing else moved.
    expect(stdout).toContain('is published')
    expect(code).toBe(0)
  })

  test('is refused when hawser.yaml was changed and committed', async () => {
    const yaml = await readFile(join(project.root, 'hawser.yaml'), 'utf8')
    await writeFile(join(project.root, 'hawser.yaml'), yaml.replace('license: MIT', 'license: Apache-2.0'))
    await commit(project, 'Change the licence')

    await refused('PLAN_WORLD_MOVED', /commit/, /license|options|configuration|hawser\.yaml/)
  })

  test('is refused when there is another commit', async () => {
    await project.write('README.md', 'Hello.\n')
    await commit(project, 'Say what it is')

    await refused('PLAN_WORLD_MOVED', /commit/)
  })

  test('is not begun in a modified work tree', async () => {
    await project.write('files/greeting.txt', 'Not committed.\n')

    const { code, stderr } = await project.hawser(planned)

    expect(stderr).toContain('CHECKOUT_MODIFIED')
    expect(code).toBe(2)
    expect(differences(untouched, await worldOf(project))).toEqual([])
  })

  test('is refused when it was edited', async () => {
    const path = join(project.root, '.hawser/plan.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('v1.0.0', 'v6.6.6'))

    const { code, stderr } = await project.hawser(planned)

    expect(stderr).toContain('PLAN_FILE_CHANGED')
    expect(code).toBe(2)
  })

  test('is refused for another version', async () => {
    const { code, stderr } = await project.hawser(['release', '2.0.0', '--plan', '.hawser/plan.json'])

    expect(stderr).toContain('PLAN_WORLD_MOVED')
    expect(code).toBe(5)
    expect(differences(untouched, await worldOf(project))).toEqual([])
  })

  /** The same name, version and architecture with other bytes, as another machine might have published it. */
  test('stops before the release when other bytes were published meanwhile', async () => {
    const other = await template.copy(`other-${copies}`)
    await other.write('files/greeting.txt', 'Other bytes.\n')
    expect((await other.hawser(['build', version])).code).toBe(0)
    const deb = join(other.root, 'dist/1.0.0/hello_1.0.0-1_amd64.deb')
    expect((await project.hawser(['repo', 'add', 'debian', deb])).code).toBe(0)
    const before = await worldOf(project)

    const { code, stdout, stderr } = await project.hawser(planned)

    expect(stderr).toContain('REPOSITORY_SWAP')
    expect(stdout).toContain('was refused')
    expect(code).toBe(5)
    const after = await worldOf(project)
    expect(Object.keys(after)).not.toContain('releases/v1.0.0/release.json')
    const touched = differences(before, after).filter((text) => text.startsWith('repositories/debian'))
    expect(touched).toEqual([])
  })
})

/** Exit code 5, the differences are listed, and the world is as it was. */
async function refused(...expected: readonly (string | RegExp)[]): Promise<void> {
  const before = await worldOf(project)
  const { code, stderr } = await project.hawser(planned)
  for (const part of expected) expect(stderr).toMatch(part)
  expect(code).toBe(5)
  expect(differences(before, await worldOf(project))).toEqual([])
}
