import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, rmdir, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type TestProject, testProject, version } from './project.ts'
import { differences, leftovers, type World, worldOf } from './world.ts'

const release = ['release', version, '--yes']

let template: TestProject
let uninterrupted: World
beforeAll(async () => {
  template = await testProject({ packages: ['hello'], architectures: ['amd64'], parallel: 1 })
  const whole = await template.copy('whole')
  expect((await whole.hawser(release)).code).toBe(0)
  uninterrupted = await worldOf(whole)
})
afterAll(() => template.remove())

/** Real file systems: only root may mount them. */
describe.skipIf(process.getuid?.() !== 0)('a release', () => {
  test.each([0, 20, 60, 100, 140, 180])(
    'that meets a full disk after %i KiB says so, and finishes when there is room',
    async (freeKib) => {
      const disk = await smallDisk('8m')
      const project = await template.copyTo(join(disk, 'project'))
      const ballast = join(disk, 'ballast')
      await fill(ballast, disk, freeKib)

      const { code, stderr } = await project.hawser(release)

      expect(stderr).toMatch(/DISK_FULL|STORAGE_FULL|No space left/)
      expect(`${code} ${stderr}`).toMatch(/^2 /)
      await rm(ballast)
      await finishes(project)
    },
  )

  // Fewer kilobytes end the engine's server, which does not say why; more of them end a step.
  test.each([60, 120, 200, 320])(
    'with the durable engine that meets a full disk after %i KiB says so, and finishes when there is room',
    async (freeKib) => {
      const disk = await smallDisk('16m')
      const project = await template.copyTo(join(disk, 'project'))
      const ballast = join(disk, 'ballast')
      await fill(ballast, disk, freeKib)
      const environment = { HAWSER_ENGINE: 'durable' }

      const { code, stderr } = await project.hawser(release, { environment })

      expect(stderr).toMatch(/DISK_FULL|STORAGE_FULL|No space left/)
      expect(`${code} ${stderr}`).toMatch(/^2 /)
      await rm(ballast)
      await finishes(project, environment)
    },
  )

  test.each(['dist', 'releases', 'repositories/debian', 'repositories/fedora', '.hawser/store', '.git'])(
    'that may not write to %s says so, and finishes when it may',
    async (folder) => {
      const project = await template.copy(`locked-${folder.replaceAll('/', '-')}`)
      await project.write(join(folder, '.keep'), '')
      const path = join(project.root, folder)
      execFileSync('mount', ['--bind', path, path])
      onTestFinished(() => void execFileSync('umount', ['--lazy', path]))
      execFileSync('mount', ['-o', 'remount,ro,bind', path])

      const { code, stdout, stderr } = await project.hawser(release)

      expect(stdout + stderr).toMatch(/READ_ONLY|"git mktag" .* Read-only file system/)
      if (folder !== '.git') expect(stderr).toContain(path)
      expect(`${code} ${stderr}`).toMatch(/^2 /)
      execFileSync('mount', ['-o', 'remount,rw,bind', path])
      await rm(join(path, '.keep'))
      await finishes(project)
    },
  )
})

async function finishes(project: TestProject, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code, stdout, stderr } = await project.hawser(release, { environment })
  expect(`${code} ${stdout} ${stderr}`).toMatch(/^0 /)
  expect(differences(uninterrupted, await worldOf(project))).toEqual([])
  expect(await leftovers(project)).toEqual([])
}

async function smallDisk(size: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', folder])
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', folder])
    await rmdir(folder)
  })
  return folder
}

async function fill(path: string, disk: string, freeKib: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  await writeFile(path, Buffer.alloc(bavail * bsize - freeKib * 1024))
}
