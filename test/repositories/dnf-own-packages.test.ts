import { copyFile, mkdir, readFile, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PackageSpec } from '../../src/packages/package-spec.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { mustRun } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { noRelations, plainSpec, Sample } from '../packages/rpm-sample.ts'
import { dnfFormat, makeKey, publishRpms, removeFolder, scratchFolder, type TestKey } from './dnf-world.ts'
import { listFiles, packagesOf, readRepodata } from './repodata.ts'

let folder: string
let sample: Sample
let key: TestKey
let built: string[]
let client: DnfClient | undefined

beforeAll(async () => {
  folder = await scratchFolder()
  sample = await Sample.create()
  key = await makeKey()
  const greeting = await sample.file('/usr/share/hello/greeting', 'hello\n')
  const config = await sample.file('/etc/hello.conf', 'greeting = 1\n', { role: 'config-noreplace' })
  const hello: PackageSpec = {
    ...plainSpec,
    contents: [config, greeting],
    changelog: [
      {
        version: '1.5.0-1',
        author: 'Jörg <j@example.org>',
        date: 1_789_000_000,
        changes: ['More & <more>', 'é'],
      },
    ],
  }
  const extra: PackageSpec = {
    ...plainSpec,
    name: 'hello-extra',
    version: { epoch: 2, declared: '1.5.0-rc.1', build: '1', scheme: 'standard' },
    summary: 'Greets <everybody> & "more"',
    contents: [await sample.file('/usr/bin/hello-extra', '#!/bin/sh\n', { mode: 0o755 })],
    relations: {
      ...noRelations,
      depends: [[{ name: 'hello', operator: '>=', version: hello.version }]],
      recommends: [[{ name: 'nice' }]],
    },
  }
  built = []
  for (const spec of [hello, extra]) {
    const outputPath = join(folder, rpm.fileName(spec))
    await rpm.build(spec, { outputPath, signer: key.signer })
    built.push(outputPath)
  }
})

afterAll(async () => {
  await client?.remove()
  await sample.remove()
  await removeFolder(folder)
})

test('createrepo_c describes the packages that Hawser builds in the same bytes as we', async () => {
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')]
  await publishRpms(built, { to: ours, key, format: dnfFormat() })
  for (const path of (await listFiles(ours)).filter((name) => name.endsWith('.rpm'))) {
    await mkdir(dirname(join(theirs, path)), { recursive: true })
    await copyFile(join(ours, path), join(theirs, path))
    await utimes(join(theirs, path), plainSpec.epoch, plainSpec.epoch)
  }
  await mustRun('createrepo_c', ['-q', theirs])

  for (const kind of ['primary', 'filelists', 'other']) {
    expect(packagesOf(await readRepodata(ours, kind))).toEqual(packagesOf(await readRepodata(theirs, kind)))
  }
})

test('dnf installs them with every signature checked, together with what they need', async () => {
  const repository = join(folder, 'installed')
  await publishRpms(built, { to: repository, key, publicUrl: `file://${repository}`, format: dnfFormat() })
  client = await DnfClient.create(join(folder, 'c'), { id: 'test', baseUrl: 'file:///nowhere', keyUrls: [] })
  await client.useRepoFile(await readFile(join(repository, 'test.repo'), 'utf8'))

  const install = await client.run('install', 'hello')

  expect(`${install.stdout}${install.stderr}`).toContain('Complete!')
  expect(await readFile(client.root('usr/share/hello/greeting'), 'utf8')).toBe('hello\n')
  const needed = await client.run('repoquery', '--requires', '--resolve', 'hello-extra')
  expect(needed.stdout).toContain('hello-0:1.5.0-1.noarch')
  const evr = await client.run('repoquery', '--qf', '%{evr}', 'hello-extra')
  expect(evr.stdout.trim()).toBe('2:1.5.0~rc.1-1')
})
