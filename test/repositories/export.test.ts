import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { exportRepository } from '../../src/repositories/export.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { AptClient } from '../clients/apt.ts'
import { mustRun } from '../clients/command.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import * as apt from './apt-world.ts'
import * as dnf from './dnf-world.ts'
import { listFiles } from './repodata.ts'

let folder: string
let key: apt.TestKey
let debs: readonly string[]
let rpms: readonly string[]

beforeAll(async () => {
  folder = await apt.scratchFolder()
  key = await apt.makeKey()
  debs = [
    await buildDeb(folder, { name: 'hello', fields: { 'X-Custom': 'kept' } }),
    await buildDeb(folder, { name: 'hello', version: '2.0-1' }),
    await buildDeb(folder, { name: 'hello-data', architecture: 'all' }),
  ]
  rpms = await makeRpms(join(folder, 'rpms'), 0, 4)
})

afterAll(() => apt.removeFolder(folder))

const rpmFormat = dnf.dnfFormat({ unsignedPackages: 'allow' })

async function available(repository: string, line: string, name: string): Promise<readonly string[]> {
  const client = await AptClient.create(join(folder, name))
  await client.useLine(line.replace('URL', `file://${repository}`))
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect((await client.get('install', '--download-only', 'hello')).status).toBe(0)
  return client.available()
}

async function exported(
  from: string,
  format: ReturnType<typeof apt.aptFormat>,
  name: string,
): Promise<string> {
  const to = join(folder, name)
  await exportRepository({
    format,
    storage: fileStorage(from),
    signers: [key.signer],
    verifier: key.verifier,
    to: fileStorage(to),
  })
  expect((await listFiles(to)).filter((path) => path.startsWith('.hawser/'))).toEqual([])
  return to
}

const all = ['hello 1.0-1 amd64', 'hello 2.0-1 amd64', 'hello-data 1.0-1 all']

describe('an exported APT repository', () => {
  test('is one that clients read as it is, and its suite is all there is of it', async () => {
    const from = join(folder, 'apt')
    await apt.publishDebs(debs, { to: from, key })
    await apt.publishDebs(debs.slice(0, 1), { to: from, key, format: apt.aptFormat({ suite: 'other' }) })

    const to = await exported(from, apt.aptFormat(), 'apt-copy')

    const keyring = join(from, 'test.gpg')
    expect(await available(to, `deb [signed-by=${keyring}] URL stable main`, 'c-copy')).toEqual(all)
    expect(await readdir(join(to, 'dists'))).toEqual(['stable'])
  })

  test('of a flat layout has its indexes too, at the root and in a folder', async () => {
    for (const suite of ['./', 'packages/']) {
      const from = join(folder, `flat-${suite.length}`)
      const format = apt.aptFormat({ suite })
      await apt.publishDebs(debs, { to: from, key, format })

      const to = await exported(from, format, `flat-copy-${suite.length}`)

      const line = `deb [signed-by=${join(from, 'test.gpg')}] URL ${suite}`
      expect(await available(to, line, `c-flat-${suite.length}`)).toEqual(all)
    }
  })

  test('goes on with apt-ftparchive', async () => {
    const from = join(folder, 'ftparchive')
    await apt.publishDebs(debs.slice(0, 2), { to: from, key })
    const to = await exported(from, apt.aptFormat(), 'ftparchive-copy')
    await copyFile(debs[2] ?? '', join(to, 'pool/main/h/hello', basename(debs[2] ?? '')))

    const index = 'dists/stable/main/binary-amd64/Packages'
    const script = [
      `apt-ftparchive packages pool > ${index} && gzip -kf ${index}`,
      'rm -f dists/stable/InRelease dists/stable/Release*',
      'apt-ftparchive -o APT::FTPArchive::Release::Suite=stable release dists/stable > r && mv r dists/stable/Release',
    ]
    await mustRun('sh', ['-c', script.join(' && ')], { cwd: to })

    expect(await available(to, 'deb [trusted=yes] URL stable main', 'c-ftparchive')).toEqual(all)
  })

  test('goes on with reprepro and aptly, which take its packages in', async () => {
    const from = join(folder, 'tools')
    await apt.publishDebs(debs.slice(0, 2), { to: from, key })
    const to = await exported(from, apt.aptFormat(), 'tools-copy')
    const pool = (await listFiles(to)).filter((path) => path.endsWith('.deb')).map((path) => join(to, path))

    const reprepro = join(folder, 'reprepro')
    await mkdir(join(reprepro, 'conf'), { recursive: true })
    const distribution = 'Codename: stable\nArchitectures: amd64\nComponents: main\n'
    await writeFile(join(reprepro, 'conf/distributions'), distribution)
    const oldest = pool.toSorted()
    await mustRun('reprepro', ['--silent', '-b', reprepro, 'includedeb', 'stable', ...oldest])
    const versions = await mustRun('reprepro', ['-b', reprepro, 'list', 'stable', 'hello'])
    expect(versions).toContain('hello 2.0-1')

    const config = join(folder, 'aptly.conf')
    await writeFile(config, JSON.stringify({ rootDir: join(folder, 'aptly'), architectures: ['amd64'] }))
    const aptly = (...args: string[]) => mustRun('aptly', [`-config=${config}`, ...args])
    await aptly('repo', 'create', 'r')
    await aptly('repo', 'add', 'r', join(to, 'pool'))
    await aptly('publish', 'repo', '-skip-signing', '-distribution=stable', 'r')
    const published = join(folder, 'aptly/public')
    expect(await available(published, 'deb [trusted=yes] URL stable main', 'c-aptly')).toEqual(
      all.slice(0, 2),
    )
  })
})

describe('an exported DNF repository', () => {
  test('goes on with createrepo_c --update, which reads no package again', async () => {
    const from = join(folder, 'dnf')
    await dnf.publishRpms(rpms.slice(0, 3), { to: from, key })
    const to = join(folder, 'dnf-copy')
    const storage = fileStorage(from)
    const own = { format: rpmFormat, storage, signers: [key.signer], verifier: key.verifier }
    await exportRepository({ ...own, to: fileStorage(to) })
    const added = rpms[3] ?? ''
    await copyFile(added, join(to, 'packages', basename(added)))

    await mustRun('createrepo_c', ['-q', '--no-database', '--update', '--skip-stat', to])

    const before = await dnf.readAll(from, key.verifier)
    const after = await dnf.readAll(to)
    expect(after.entries.map(({ sha256 }) => sha256)).toEqual(
      expect.arrayContaining(before.entries.map(({ sha256 }) => sha256)),
    )
    expect(after.entries).toHaveLength(4)
  })
})

describe('what createrepo_c did to a published repository, signed with its key', () => {
  /** The repository after the other tool: with one package more, or with one less. */
  async function changed(what: 'adding' | 'losing') {
    const repository = join(folder, `foreign-${what}`)
    await dnf.publishRpms(rpms.slice(0, 3), { to: repository, key })
    const [first = ''] = (await listFiles(repository)).filter((path) => path.endsWith('.rpm'))
    const added = rpms[3] ?? ''
    if (what === 'adding') await copyFile(added, join(repository, 'packages', basename(added)))
    else await rm(join(repository, first))
    await mustRun('createrepo_c', ['-q', '--no-database', repository])
    const entry = join(repository, 'repodata/repomd.xml')
    await rm(`${entry}.asc`, { force: true })
    const home = await dnf.gpgHome(join(folder, `g-${what}`), key)
    await mustRun('gpg', ['--homedir', home, '--batch', '--armor', '--detach-sign', entry])
    await dnf.endGpgHome(home)
    const [next = ''] = await makeRpms(join(folder, 'next'), 10, 11)
    const publish = (options: object = {}) =>
      dnf.publishRpms([next], { to: repository, key, format: rpmFormat, ...options })
    const findings = () =>
      verifyRepository({
        format: rpmFormat,
        storage: fileStorage(repository),
        verifier: key.verifier,
        deep: true,
      })
    return { repository, publish, findings }
  }

  test('is taken over when it added', async () => {
    const { repository, publish, findings } = await changed('adding')

    expect((await publish()).added).toHaveLength(1)

    expect((await dnf.readAll(repository, key.verifier)).entries).toHaveLength(5)
    expect(await findings()).toEqual([])
  })

  test('is refused when it lost a package, and nothing that is there changes; adopted only when told so', async () => {
    const { repository, publish, findings } = await changed('losing')
    const before = await apt.treeOf(repository)

    await expect(publish()).rejects.toMatchObject({ code: 'REPOSITORY_SHRINK' })
    const after = await apt.treeOf(repository)
    expect([...before].filter(([path, bytes]) => after.get(path) !== bytes)).toEqual([])

    expect((await publish({ adopt: true })).added).toHaveLength(1)
    expect((await dnf.readAll(repository, key.verifier)).entries).toHaveLength(3)
    // What was lost is still said once: against the generation before.
    expect((await findings()).map(({ code }) => code)).toEqual(['PACKAGE_LOST'])
  })
})
