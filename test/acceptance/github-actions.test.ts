import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestProject, testProject, version } from './project.ts'

let project: TestProject
let environment: NodeJS.ProcessEnv
beforeAll(async () => {
  project = await testProject({ packages: ['hello'], architectures: ['amd64'] })
  environment = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(project.root, '../summary.md') }
})
afterAll(() => project.remove())

const summary = (): Promise<string> => readFile(join(project.root, '../summary.md'), 'utf8')

test('a job that cannot begin says why at its top', async () => {
  const { code, stderr } = await project.hawser(['release', 'one', '--yes'], { environment })

  expect(code).toBe(2)
  expect(stderr).toMatch(/^::error title=[A-Z_]+::.*"one"/m)
  expect(await summary()).toContain('### Hawser stopped: ')
})

test('a job that released shows every step on its page', async () => {
  const { code, stderr } = await project.hawser(['release', version, '--yes'], { environment })

  expect(`${code} ${stderr}`).toMatch(/^0 /)
  expect(stderr).not.toContain('::error')
  const text = await summary()
  expect(text).toContain('### hello 1.0.0 is published')
  expect(text).toContain('| ✅ | publish-release |')
  expect(text).toContain(`Next: \`hawser verify ${version}\``)
})
