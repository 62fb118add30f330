import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentProject } from './environment-project.ts'
import { killGroup } from './hawser.ts'
import { type TestProject, version } from './project.ts'
import { differences, leftovers, type World, worldOf } from './world.ts'

const args = ['promote', 'staging', 'production', version, '--yes']
const release = ['release', version, '--yes']

let template: TestProject
let staged: TestProject
let uninterrupted: World
let released: World
let copies = 0
beforeAll(async () => {
  template = await environmentProject({ approval: false })
  staged = await copyOf(template)
  await staged.git('switch', '--quiet', 'dev')
  expect((await staged.hawser(release)).code).toBe(0)
  await staged.git('switch', '--quiet', 'main')
  // As on a machine that has not built them.
  for (const folder of ['.hawser/store', 'dist']) await rm(join(staged.root, folder), { recursive: true })
  const whole = await copyOf(staged)
  expect((await whole.hawser(args)).code).toBe(0)
  uninterrupted = await worldOf(whole)
  const full = await copyOf(staged)
  expect((await full.hawser(release)).code).toBe(0)
  released = await worldOf(full)
})
afterAll(() => template.remove())

const copyOf = (of: TestProject): Promise<TestProject> =>
  of.copyTo(join(template.root, `../copy-${++copies}`))

async function killedAfter(project: TestProject, command: readonly string[], said: string): Promise<void> {
  const running = project.start(command)
  await running.says(said)
  killGroup(running.child)
  await running.ended
}

describe('a promotion that is killed', () => {
  test.each(['> take:debian', '✓ take:fedora', '> promote:debian', '✓ promote:debian', '> promote:fedora'])(
    'after "%s" and repeated ends as if nothing had happened',
    async (moment) => {
      const project = await copyOf(staged)
      await killedAfter(project, args, moment)

      const { code, stderr } = await project.hawser(args)

      expect(`${code} ${stderr}`).toMatch(/^0 /)
      expect(differences(uninterrupted, await worldOf(project))).toEqual([])
      expect(await leftovers(project)).toEqual([])
      await rm(project.root, { recursive: true })
    },
  )

  test.each(['✓ take:debian', '> tag', '> promote:fedora', '✓ promote:fedora'])(
    'as a part of a release after "%s" goes on from what is there',
    async (moment) => {
      const project = await copyOf(staged)
      await killedAfter(project, release, moment)

      const { code, stderr } = await project.hawser(release)

      expect(`${code} ${stderr}`).toMatch(/^0 /)
      expect(differences(released, await worldOf(project))).toEqual([])
      await rm(project.root, { recursive: true })
    },
  )
})
