import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { repositoryHistory } from '../../src/repositories/history.ts'
import { rollbackRepository } from '../../src/repositories/rollback.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { AptClient } from '../clients/apt.ts'
import { mustRun } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import * as apt from './apt-world.ts'
import * as dnf from './dnf-world.ts'
import { listFiles, packagesOf, readRepodata } from './repodata.ts'

let folder: string
let home: string
let key: apt.TestKey
let debs: readonly string[]
let newDeb: string
let nextDeb: string
let rpms: readonly string[]
const clients: DnfClient[] = []

beforeAll(async () => {
  folder = await dnf.scratchFolder()
  key = await apt.makeKey()
  home = await dnf.gpgHome(join(folder, 'gpg'), key)
  debs = [
    await buildDeb(folder, { name: 'hello', fields: { 'X-Custom': 'kept' } }),
    await buildDeb(folder, { name: 'hello', version: '2.0-1' }),
    await buildDeb(folder, { name: 'hello-data', architecture: 'all' }),
  ]
  newDeb = await buildDeb(folder, { name: 'theirs' })
  nextDeb = await buildDeb(folder, { name: 'next' })
  rpms = await makeRpms(join(folder, 'rpms'), 0, 5)
})

afterAll(async () => {
  await dnf.endGpgHome(home)
  for (const client of clients) await client.remove()
  await apt.removeFolder(folder)
})

const gpg = (...args: string[]) => mustRun('gpg', ['--homedir', home, '--batch', '--yes', ...args])

describe.each([
  { layout: 'of suites', suite: 'stable', at: 'dists/stable', index: 'main/binary-amd64/Packages' },
  { layout: 'that is flat', suite: 'flat/', at: 'flat', index: 'Packages' },
])('an APT repository $layout that apt-ftparchive indexed anew, signed with its key', (layout) => {
  const { suite, at, index } = layout
  const format = apt.aptFormat({ suite })

  async function published(name: string): Promise<string> {
    const repository = join(folder, `${name}-${at.length}`)
    await apt.publishDebs(debs, { to: repository, key, format })
    return repository
  }

  /** As people do it by hand: indexes of all that is in the pool, edited, and a Release of all that is there. */
  async function indexAnew(repository: string, edit: readonly string[] = ['-e', '']): Promise<void> {
    const text = await mustRun('apt-ftparchive', ['packages', 'pool'], { cwd: repository })
    await writeFile(join(repository, at, index), await mustRun('sed', [...edit], { input: text }))
    await mustRun('gzip', ['-9nkf', join(repository, at, index)])
    for (const name of ['InRelease', 'Release', 'Release.gpg']) await rm(join(repository, at, name))
    const ofSuite = { Suite: 'stable', Codename: 'stable', Architectures: 'amd64', Components: 'main' }
    const fields = suite.endsWith('/') ? { Suite: suite } : ofSuite
    const options = Object.entries(fields).flatMap(([field, value]) => [
      '-o',
      `APT::FTPArchive::Release::${field}=${value}`,
    ])
    const release = await mustRun('apt-ftparchive', [...options, 'release', at], { cwd: repository })
    const path = join(repository, at, 'Release')
    await writeFile(path, release.replace(/^Date:/m, 'X-Theirs: kept\nDate:'))
    await gpg('--clearsign', '--output', join(repository, at, 'InRelease'), path)
    await gpg('--armor', '--detach-sign', '--output', `${path}.gpg`, path)
  }

  async function available(repository: string, name: string): Promise<readonly string[]> {
    const client = await AptClient.create(join(folder, `${name}-${at.length}`))
    const place = suite.endsWith('/') ? suite : `${suite} main`
    await client.useLine(`deb [signed-by=${join(repository, 'test.gpg')}] file://${repository} ${place}`)
    expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
    const names = ['hello', 'hello-data', 'next']
    expect((await client.get('install', '--download-only', ...names)).status).toBe(0)
    return client.available()
  }

  const publish = (repository: string) =>
    apt.publishDebs([nextDeb], { to: repository, key, format, date: new Date() })
  const findingsIn = (repository: string) =>
    verifyRepository({ format, storage: fileStorage(repository), verifier: key.verifier, deep: true })

  test('is taken over with what was added, every paragraph and field as they are', async () => {
    const repository = await published('added')
    await copyFile(newDeb, join(repository, 'pool/main/h/hello', basename(newDeb)))
    await indexAnew(repository, ['-e', '/^Package: hello$/a Phased-Update-Percentage: 50'])
    const theirs = await readFile(join(repository, at, index), 'latin1')
    expect(theirs).toContain('X-Custom: kept\n')

    const { added } = await publish(repository)

    expect(added.map(({ name }) => name)).toEqual(['next'])
    const ours = await apt.indexText(repository, `${at}/${index}`)
    const paragraphs = theirs.trimEnd().split('\n\n')
    expect(paragraphs).toHaveLength(4)
    for (const paragraph of paragraphs) expect(ours).toContain(`${paragraph.trimEnd()}\n\n`)
    expect(await readFile(join(repository, at, 'InRelease'), 'utf8')).toContain('\nX-Theirs: kept\n')
    expect(await available(repository, 'reader')).toEqual([
      'hello 1.0-1 amd64',
      'hello 2.0-1 amd64',
      'hello-data 1.0-1 all',
      'next 1.0-1 amd64',
      'theirs 1.0-1 amd64',
    ])
    expect(await findingsIn(repository)).toEqual([])
  })

  test('is refused when a package is gone, nothing is written, and it goes on when that is back', async () => {
    const repository = await published('lost')
    const [lost = ''] = (await listFiles(repository)).filter((path) => path.endsWith('hello_1.0-1_amd64.deb'))
    await rm(join(repository, lost))
    await indexAnew(repository)
    const before = await apt.treeOf(repository)

    await expect(publish(repository)).rejects.toMatchObject({
      code: 'REPOSITORY_SHRINK',
      message: expect.stringContaining(lost),
    })
    expect(await apt.treeOf(repository)).toEqual(before)

    await copyFile(debs[0] ?? '', join(repository, lost))
    await indexAnew(repository)
    expect((await publish(repository)).added).toHaveLength(1)
    expect(await available(repository, 'back')).toHaveLength(4)
    expect(await findingsIn(repository)).toEqual([])
  })
})

describe('a DNF repository that createrepo_c wrote to, signed with its key', () => {
  const format = dnf.dnfFormat({ unsignedPackages: 'allow' })
  const request = (repository: string) => ({
    format,
    storage: fileStorage(repository),
    signers: [key.signer],
    verifier: key.verifier,
    name: 'test',
    publicUrl: `file://${repository}`,
    date: dnf.now,
  })
  const publish = (repository: string, files: readonly string[]) =>
    dnf.publishRpms(files, { to: repository, key, ...request(repository) })
  const findingsIn = (repository: string) => verifyRepository({ ...request(repository), deep: true })

  async function published(name: string): Promise<string> {
    const repository = join(folder, name)
    await publish(repository, rpms.slice(0, 3))
    return repository
  }

  async function sign(repository: string): Promise<void> {
    const entry = join(repository, 'repodata/repomd.xml')
    await gpg('--armor', '--detach-sign', '--output', `${entry}.asc`, entry)
  }

  async function update(repository: string, ...options: string[]): Promise<void> {
    await mustRun('createrepo_c', ['-q', '--no-database', '--update', ...options, repository])
    await sign(repository)
  }

  async function available(repository: string): Promise<readonly string[]> {
    const client = await DnfClient.create(join(folder, `c${clients.length}`), {
      id: 'test',
      baseUrl: `file://${repository}`,
      keyUrls: [],
    })
    clients.push(client)
    await client.useRepoFile(await readFile(join(repository, 'test.repo'), 'utf8'))
    const { status, stdout, stderr } = await client.run('repoquery', '--qf', '%{name}')
    expect({ status, stderr }).toMatchObject({ status: 0 })
    return stdout.trim().split('\n').toSorted()
  }

  const names = (...numbers: number[]) => numbers.map((number) => `sample-00000${number}`)

  test('is taken over with what --update added, and with records that only others know', async () => {
    const repository = await published('updated')
    await writeFile(join(folder, 'notes.txt'), 'ours\n')
    await mustRun('modifyrepo_c', ['--mdtype=notes', join(folder, 'notes.txt'), join(repository, 'repodata')])
    const added = rpms[3] ?? ''
    await copyFile(added, join(repository, 'packages', basename(added)))
    await update(repository, '--keep-all-metadata', '--repo', 'theirs')
    expect(await available(repository)).toEqual(names(0, 1, 2, 3))
    const theirs = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')
    const [notes = 'absent'] = /<data type="notes">.*?<\/data>/s.exec(theirs) ?? []
    const kinds = ['primary', 'filelists', 'other']
    const before = await Promise.all(kinds.map((kind) => readRepodata(repository, kind)))

    expect((await publish(repository, rpms.slice(4))).added).toHaveLength(1)

    for (const [position, kind] of kinds.entries()) {
      const after = packagesOf(await readRepodata(repository, kind))
      expect(after.size).toBe(5)
      for (const [id, raw] of packagesOf(before[position] ?? '')) expect(after.get(id)).toBe(raw)
    }
    const ours = await readFile(join(repository, 'repodata/repomd.xml'), 'utf8')
    expect(ours).toContain(notes)
    expect(ours).toContain('<repo>theirs</repo>')
    expect(await available(repository)).toEqual(names(0, 1, 2, 3, 4))
    expect(await findingsIn(repository)).toEqual([])
  })

  test('is refused when a package is no longer listed, nothing is written, and a rollback restores it', async () => {
    const repository = await published('excluded')
    await update(repository, '--excludes', '*sample-000001*', '--retain-old-md', '3')
    expect(await available(repository)).toEqual(names(0, 2))
    const before = await apt.treeOf(repository)

    await expect(publish(repository, rpms.slice(4))).rejects.toMatchObject({
      code: 'REPOSITORY_SHRINK',
      message: expect.stringContaining('sample-000001'),
    })
    expect(await apt.treeOf(repository)).toEqual(before)

    await rollbackRepository({ ...request(repository), to: 1 })
    expect(await available(repository)).toEqual(names(0, 1, 2))
    expect(await findingsIn(repository)).toEqual([])
    const [last] = await repositoryHistory(request(repository))
    expect(last?.generation).toMatchObject({ sequence: 2, cause: { kind: 'rollback', to: 1 } })
    expect((await publish(repository, rpms.slice(4))).added).toHaveLength(1)
    expect(await available(repository)).toEqual(names(0, 1, 2, 4))
  })

  test('is refused when modifyrepo_c put an index that lost a package below our own tags', async () => {
    const repository = await published('edited')
    const text = await readRepodata(repository, 'primary')
    const [lost = ''] =
      /<package type="rpm">(?:(?!<\/package>).)*sample-000001.*?<\/package>\s*/s.exec(text) ?? []
    await writeFile(
      join(folder, 'primary.xml'),
      text.replace(lost, '').replace('packages="3"', 'packages="2"'),
    )
    const repodata = join(repository, 'repodata')
    await mustRun('modifyrepo_c', ['--mdtype=primary', join(folder, 'primary.xml'), repodata])
    expect(await readFile(join(repodata, 'repomd.xml'), 'utf8')).toContain('hawser-generation:1:')
    await sign(repository)
    const before = await apt.treeOf(repository)

    await expect(publish(repository, rpms.slice(4))).rejects.toMatchObject({ code: 'REPOSITORY_SHRINK' })
    expect(await apt.treeOf(repository)).toEqual(before)

    // It deleted the index that it replaced, so there is nothing to go back to; but the package itself is still there.
    await expect(rollbackRepository({ ...request(repository), to: 1 })).rejects.toMatchObject({
      code: 'REPOSITORY_INDEX_GONE',
    })
    expect(await apt.treeOf(repository)).toEqual(before)
    await mustRun('createrepo_c', ['-q', '--no-database', repository])
    await sign(repository)
    expect((await publish(repository, rpms.slice(4))).added).toHaveLength(1)
    expect(await available(repository)).toEqual(names(0, 1, 2, 4))
    expect(await findingsIn(repository)).toEqual([])
  })
})
