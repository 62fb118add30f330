import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mustRun } from '../clients/command.ts'
import { keyPath, type TestProject, testProject, version } from './project.ts'
import { differences, type World, withoutModes, worldOf } from './world.ts'

let project: TestProject
let usual: World
beforeAll(async () => {
  project = await testProject()
  expect((await project.hawser(['release', version, '--yes'])).code).toBe(0)
  usual = await worldOf(project)
})
afterAll(() => project.remove())

interface Machine {
  readonly umask: string
  readonly environment: Readonly<Record<string, string>>
}

test.each<[string, Machine]>([
  ['a careful umask', { umask: '077', environment: {} }],
  ['a careless umask', { umask: '000', environment: {} }],
  ['Nepal, in Turkish', { umask: '022', environment: { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8' } }],
  ['the date line, in C', { umask: '027', environment: { TZ: 'Pacific/Kiritimati', LC_ALL: 'C' } }],
  ['the durable engine', { umask: '022', environment: { HAWSER_ENGINE: 'durable', FORCE_COLOR: '1' } }],
])('the same commit gives the same bytes elsewhere: %s', async (name, { umask, environment }) => {
  const home = join(dirname(project.root), name.replaceAll(' ', '-'))
  const root = join(home, 'a deeper folder', 'checkout')
  await cloneTo(root, home, umask)

  const { code, stderr } = await project.hawser(['release', version, '--yes'], {
    cwd: root,
    shell: `umask ${umask}; exec "$@"`,
    environment: { ...environment, HOME: home },
  })

  expect(`${code} ${stderr}`).toMatch(/^0 /)
  const made = await worldOf({ root, git: (...args) => git(root, home, args) })
  const isUsual = umask === '022'
  expect(differences(isUsual ? usual : withoutModes(usual), isUsual ? made : withoutModes(made))).toEqual([])
})

/** A person's clone, with settings of theirs that must not show in what is released. */
async function cloneTo(root: string, home: string, umask: string): Promise<void> {
  await mkdir(home, { recursive: true })
  const settings = ['[user]', 'name = Someone Else', 'email = else@example.org', '[core]', 'abbrev = 40']
  await writeFile(join(home, '.gitconfig'), [...settings, '[tag]', 'gpgSign = true', ''].join('\n'))
  const clone = ['-c', `umask ${umask}; exec git clone --quiet --no-tags "$@"`, 'sh', project.root, root]
  await mustRun('/bin/sh', clone, { environment: { HOME: home } })
  await git(root, home, ['remote', 'remove', 'origin'])
  await mkdir(dirname(join(root, keyPath)), { recursive: true })
  await cp(join(project.root, keyPath), join(root, keyPath))
}

const git = (cwd: string, home: string, args: readonly string[]): Promise<string> =>
  mustRun('git', args, { cwd, environment: { HOME: home } })
