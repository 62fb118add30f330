import { afterAll, beforeAll, expect, test } from 'vitest'
import { commit, emptyProject, keyPath, newKey, type TestProject } from './project.ts'

let project: TestProject
beforeAll(async () => {
  project = await emptyProject({})
  await project.write(keyPath, await newKey({ algorithm: 'ed25519' }))
  await project.write('.gitignore', '/.hawser/\n/dist/\n')
  await project.write('greeting', 'Hello.\n')
})
afterAll(() => project.remove())

async function plan(clients: string) {
  await project.write(
    'hawser.yaml',
    `project: greet
keys: { release: { openpgp: { key: 'file:${keyPath}' } } }
packages:
  greet:
    architectures: [all]
    summary: Greets
    maintainer: Release Team <release@example.org>
    license: MIT
    sign: release
    contents: [{ from: greeting, to: /usr/share/greet/greeting }]
repositories:
  fedora:
    dnf: { clients: [${clients}] }
    storage: { file: { path: .hawser/repositories/fedora } }
    keys: [release]
`,
  )
  await commit(project, `For ${clients}`)
  return project.hawser(['plan', '1.0.0'])
}

test('a plan stops at a key that clients of a repository could not verify, before anything is made public', async () => {
  const good = await plan('fedora-42')
  const bad = await plan('fedora-42, el9, opensuse-leap-15')

  expect(good.code, good.stderr).toBe(0)
  expect(bad.code).toBe(2)
  const said = bad.stderr.slice(bad.stderr.indexOf('CLIENT_KEY')).replace(/[0-9A-F]{40}/, 'FINGERPRINT')
  await expect(said).toMatchFileSnapshot('testdata/errors/client-key.txt')
})
