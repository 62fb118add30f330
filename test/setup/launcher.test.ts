import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const home = join(import.meta.dirname, '../..')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-launcher-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('on a Node that is too old the launcher says what to do, and exits 2', async () => {
  const launcher = await readFile(join(home, 'bin/hawser.js'), 'utf8')
  // There is no older Node at hand everywhere; one that needs a newer Node meets the same situation.
  const demanding = launcher.replace('const needed = [22, 22]', 'const needed = [99, 1]')
  expect(demanding).not.toBe(launcher)
  await writeFile(join(folder, 'hawser.mjs'), demanding)

  const done = spawnSync(process.execPath, [join(folder, 'hawser.mjs'), '--help'], { encoding: 'utf8' })

  expect(done.status).toBe(2)
  expect(done.stdout).toBe('')
  const text = done.stderr.replaceAll(process.versions.node, 'VERSION')
  await expect(text).toMatchFileSnapshot('testdata/node-too-old.txt')
})

test('the launcher needs what package.json says', async () => {
  const { engines } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
  // The oldest of the lines that it names comes first.
  const [, major, minor] = /^\^(\d+)\.(\d+)\.\d+ \|\| /.exec(engines.node) ?? []

  expect(await readFile(join(home, 'bin/hawser.js'), 'utf8')).toContain(`const needed = [${major}, ${minor}]`)
})
