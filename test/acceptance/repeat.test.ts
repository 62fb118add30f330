import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type TestProject, testProject, version } from './project.ts'
import { differences, touchesOf, worldOf } from './world.ts'

let project: TestProject
beforeAll(async () => {
  project = await testProject()
  expect((await project.hawser(['release', version, '--yes'])).code).toBe(0)
})
afterAll(() => project.remove())

describe('what was released', () => {
  test.each(['memory', 'durable'])('is released again without a write (%s engine)', async (engine) => {
    const before = await touchesOf(project)

    const { code, stdout } = await project.hawser(['release', version, '--yes'], {
      environment: { HAWSER_ENGINE: engine },
    })

    expect(stdout).toBe('Everything of hello 1.0.0 is already true; nothing was written.\n')
    expect(code).toBe(0)
    expect(differences(before, await touchesOf(project))).toEqual([])
  })

  test.skipIf(process.getuid?.() !== 0)('is released again from a disk that cannot be written', async () => {
    execFileSync('mount', ['--bind', project.root, project.root])
    onTestFinished(() => void execFileSync('umount', ['--lazy', project.root]))
    execFileSync('mount', ['-o', 'remount,ro,bind', project.root])

    const { code, stdout, stderr } = await project.hawser(['release', version, '--yes'])

    expect(`${code} ${stdout} ${stderr}`).toMatch(/^0 Everything of hello 1.0.0 is already true/)
  })

  test.each([
    [['check', version], 0],
    [['plan', version], 0],
    [['verify', version], 0],
    [['repo', 'list', 'debian'], 0],
    [['repo', 'verify', 'fedora'], 0],
    [['key', 'show', 'release'], 0],
    [['plan', '1.0.1'], 0],
  ])('is only looked at by %j', async (args, expected) => {
    const before = await touchesOf(project)

    const { code, stderr } = await project.hawser(args)

    expect(`${code} ${stderr}`).toMatch(new RegExp(`^${expected} `))
    expect(differences(before, await touchesOf(project))).toEqual([])
  })

  test('stays as it is when the next version is released from the same commit', async () => {
    const [copy, before] = [await project.copy('next'), await worldOf(project)]

    const { code, stderr } = await copy.hawser(['release', '1.1.0', '--yes'])

    expect(`${code} ${stderr}`).toMatch(/^0 /)
    const after = await worldOf(copy)
    const changed = differences(before, after).map((text) => text.split(' is ')[0] ?? '')
    const moved = changed.filter((name) => before[name] !== undefined)
    // Entry files and their companions: nothing that a reader may hold on to.
    expect(moved).toEqual(
      moved.filter((name) =>
        /\/(InRelease|Release(\.gpg)?|(Packages|Contents-[^/]*)\.gz|repomd\.xml(\.asc)?|latest\.json)$/.test(
          name,
        ),
      ),
    )
    const { stdout } = await copy.hawser(['repo', 'list', 'debian'])
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('hello')),
    ).toHaveLength(8)
  })
})
