import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dnf } from '../../src/repositories/dnf/dnf.ts'
import { mustRun } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { makeKey, publishRpms, removeFolder, scratchFolder, type TestKey } from './dnf-world.ts'

const comps = (name: string) => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>tools</id><name>${name}</name><description>Tools.</description>
    <default>true</default><uservisible>true</uservisible>
    <packagelist><packagereq type="mandatory">hello</packagereq></packagelist>
  </group>
</comps>
`
const updateinfo = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="security@example.org" status="final" type="security" version="1">
    <id>HELLO-2025-1</id><title>hello</title><issued date="2025-07-01 00:00:00"/><severity>Important</severity>
    <description>Says less.</description>
    <pkglist><collection short="hello"><name>hello</name>
      <package name="hello" version="1.0" release="1" epoch="0" arch="x86_64" src="hello-1.0-1.src.rpm"><filename>hello-1.0-1.x86_64.rpm</filename></package>
    </collection></pkglist>
  </update>
</updates>
`
const modules = `---
document: modulemd
version: 2
data:
  name: greeting
  stream: "1"
  version: 1
  context: 00000000
  arch: x86_64
  summary: Greetings
  description: Greetings.
  license: { module: [MIT] }
  profiles: { default: { rpms: [hello] } }
...
`

let folder: string
let key: TestKey
let client: DnfClient
beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  await mkdir(join(folder, 'project'))
  client = await DnfClient.create(join(folder, 'c'), { id: 'test', baseUrl: 'file:///nowhere', keyUrls: [] })
})
afterAll(async () => {
  await client.remove()
  await removeFolder(folder)
})

const write = (name: string, text: string) => writeFile(join(folder, 'project', name), text)
const format = () =>
  dnf.create(
    dnf.options.parse({ comps: 'comps.xml', modules: 'modules.yaml', updateinfo: 'updateinfo.xml' }),
    { folder: join(folder, 'project') },
  )
const repository = () => join(folder, 'r')
const publish = () =>
  publishRpms([], { to: repository(), key, format: format(), publicUrl: `file://${repository()}` })
const says = async (...args: string[]) => {
  const { status, stdout, stderr } = await client.run(...args)
  expect(status, stderr).toBe(0)
  return stdout
}

test('dnf shows groups, modules and advisories of files in the project', async () => {
  await write('comps.xml', comps('Small tools'))
  await write('modules.yaml', modules)
  await write('updateinfo.xml', updateinfo)

  await publish()

  await client.useRepoFile(await readFile(join(repository(), 'test.repo'), 'utf8'))
  expect(await says('group', 'list', '--hidden')).toContain('Small tools')
  expect(await says('module', 'list')).toMatch(/greeting\s+1/)
  expect(await says('updateinfo', 'list', '--all')).not.toContain('Error')
})

test('a file that changed is published although no package is new, and one that did not writes nothing', async () => {
  const entry = () => readFile(join(repository(), 'repodata/repomd.xml'), 'utf8')
  const before = await entry()
  await publish()
  expect(await entry()).toBe(before)

  await write('comps.xml', comps('Other tools'))
  await publish()

  expect(await says('group', 'list', '--hidden')).toContain('Other tools')
  expect((await entry()).match(/<data type="group/g)).toHaveLength(2)
})

test('createrepo_c takes the groups along, as those that it wrote itself', async () => {
  const merged = join(folder, 'm')
  await mustRun('mergerepo_c', ['--repo', repository(), '--outputdir', merged, '--no-database'])

  expect(await readFile(join(merged, 'repodata/repomd.xml'), 'utf8')).toContain('<data type="group')
})
