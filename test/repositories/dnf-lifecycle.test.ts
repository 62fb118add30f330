import { mkdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyPackages } from '../../src/repositories/copy-packages.ts'
import { collectGarbage } from '../../src/repositories/gc.ts'
import { repositoryHistory } from '../../src/repositories/history.ts'
import { refreshRepository } from '../../src/repositories/refresh.ts'
import { removePackages } from '../../src/repositories/remove.ts'
import { rollbackRepository } from '../../src/repositories/rollback.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { mustRun } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { buildRpms, plainSpec, signRpms } from '../clients/rpmbuild.ts'
import {
  dnfFormat,
  endGpgHome,
  gpgHome,
  makeKey,
  now,
  publishRpms,
  readAll,
  removeFolder,
  scratchFolder,
  type TestKey,
} from './dnf-world.ts'
import { listFiles } from './repodata.ts'

const later = new Date(now.getTime() + 24 * 3600 * 1000)

let folder: string
let key: TestKey
let hello: string
let newer: string
let other: string

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  const home = await gpgHome(join(folder, 'gpg'), key)
  const build = async (name: string, version: string) => {
    const all = await buildRpms(join(folder, 'rpms', `${name}-${version}`), plainSpec(name, version))
    const [binary] = all.filter((path) => path.endsWith('.noarch.rpm'))
    if (binary === undefined) throw new Error('rpmbuild made no binary package')
    return binary
  }
  hello = await build('hello', '1.0')
  newer = await build('hello', '2.0')
  other = await build('other', '1.0')
  await signRpms([hello, newer, other], home, key.signer.fingerprint)
  await endGpgHome(home)
})

const clients: DnfClient[] = []
afterAll(async () => {
  for (const client of clients) await client.remove()
  await removeFolder(folder)
})

const request = (repository: string, format = dnfFormat()) => ({
  format,
  storage: fileStorage(repository),
  signers: [key.signer],
  verifier: key.verifier,
  name: 'test',
  publicUrl: `file://${repository}`,
  date: later,
})

const publish = (files: readonly string[], repository: string, format = dnfFormat()) =>
  publishRpms(files, { to: repository, key, format, publicUrl: `file://${repository}` })

const findingsIn = (repository: string) =>
  verifyRepository({
    format: dnfFormat(),
    storage: fileStorage(repository),
    verifier: key.verifier,
    deep: true,
  })

async function clientOf(repository: string): Promise<DnfClient> {
  const client = await DnfClient.create(join(folder, `c${clients.length}`), {
    id: 'test',
    baseUrl: `file://${repository}`,
    keyUrls: [],
  })
  clients.push(client)
  await client.useRepoFile(await readFile(join(repository, 'test.repo'), 'utf8'))
  return client
}

/** What dnf has to choose from, with signatures of packages and metadata checked, after forgetting what it knew. */
async function available(client: DnfClient): Promise<readonly string[]> {
  await client.run('clean', 'expire-cache')
  const { status, stdout, stderr } = await client.run('repoquery', '--qf', '%{name}-%{version}')
  expect({ status, stderr }).toMatchObject({ status: 0 })
  return stdout.trim().split('\n').toSorted()
}

test('packages are promoted to another layout and another storage, with all that the indexes say of them', async () => {
  const from = join(folder, 'testing')
  await publish([hello, newer, other], from, dnfFormat({ layout: 'flat' }))
  const to = join(folder, 'stable')
  const format = dnfFormat({ layout: 'name', compression: 'zstd' })

  const { added } = await copyPackages({
    from: { ...request(from), name: 'testing' },
    to: request(to, format),
    wanted: ({ version }) => version === '1.0-1',
  })

  expect(added.map(({ path }) => path).toSorted()).toEqual([
    'packages/hello/hello-1.0-1.noarch.rpm',
    'packages/other/other-1.0-1.noarch.rpm',
  ])
  const client = await clientOf(to)
  expect(await available(client)).toEqual(['hello-1.0', 'other-1.0'])
  const owner = await client.run('repoquery', '--qf', '%{name}', '--file', '/usr/share/other/version')
  expect(owner.stdout.trim()).toBe('other')
  expect((await client.run('install', 'hello', 'other')).status).toBe(0)
  expect(await findingsIn(to)).toEqual([])
  const moved = await readFile(join(to, 'packages/hello', basename(hello)))
  expect(moved.equals(await readFile(hello))).toBe(true)
  // Another tool finds the same in the packages themselves.
  await mkdir(join(folder, 'peer'))
  await mustRun('createrepo_c', ['-q', '--no-database', '-o', join(folder, 'peer'), to])
  const peer = await readAll(join(folder, 'peer'))
  const ours = await readAll(to, key.verifier)
  const facts = ({ entries }: typeof ours) =>
    entries.map(({ path, sha256 }) => `${path} ${sha256}`).toSorted()
  expect(facts(ours)).toEqual(facts(peer))
})

test('what is removed is gone from every index, and comes back with a rollback', async () => {
  const repository = join(folder, 'removed')
  await publish([hello, other], repository)
  await publish([newer], repository)
  const client = await clientOf(repository)

  await removePackages({ ...request(repository), unwanted: ({ name }) => name === 'other' })
  expect(await available(client)).toEqual(['hello-1.0', 'hello-2.0'])
  const query = ['repoquery', '--qf', '%{name}', '--file', '/usr/share/other/version']
  expect((await client.run(...query)).stdout).toBe('')
  expect(await findingsIn(repository)).toEqual([])

  await rollbackRepository({ ...request(repository), to: 1 })
  expect(await available(client)).toEqual(['hello-1.0', 'other-1.0'])
  expect((await client.run(...query)).stdout.trim()).toBe('other')
  expect(await findingsIn(repository)).toEqual([])

  await publish([newer], repository)
  expect(await available(client)).toEqual(['hello-1.0', 'hello-2.0', 'other-1.0'])
  expect(await findingsIn(repository)).toEqual([])
  const history = await repositoryHistory(request(repository))
  expect(history.map(({ generation }) => generation?.sequence)).toEqual([5, 4, 3, 2, 1])
})

test('garbage is what no kept generation names; what readers need stays', async () => {
  const repository = join(folder, 'garbage')
  for (const file of [hello, newer, other]) await publish([file], repository)
  await removePackages({ ...request(repository), unwanted: ({ name }) => name === 'other' })

  // A negative time of grace: files may be of this very moment.
  const { deleted } = await collectGarbage({
    ...request(repository),
    keep: 1,
    graceMs: -60_000,
    dryRun: false,
  })

  const paths = deleted.map(({ path }) => path)
  expect(paths.filter((path) => path.endsWith('.rpm'))).toEqual([expect.stringContaining('other-1.0-1')])
  expect((await listFiles(repository)).filter((path) => paths.includes(path))).toEqual([])
  expect((await listFiles(repository)).filter((path) => path.includes('-primary.xml'))).toHaveLength(1)
  expect(await available(await clientOf(repository))).toEqual(['hello-1.0', 'hello-2.0'])
  expect(await findingsIn(repository)).toEqual([])
})

test('a refresh signs the same indexes anew, and clients go on', async () => {
  const repository = join(folder, 'refreshed')
  await publish([hello], repository)
  const client = await clientOf(repository)
  const indexes = async () => (await listFiles(repository)).filter((path) => path.includes('.xml.gz'))
  const before = await indexes()

  await refreshRepository(request(repository))

  expect(await indexes()).toEqual(before)
  expect((await readAll(repository, key.verifier)).entries).toHaveLength(1)
  expect(await available(client)).toEqual(['hello-1.0'])
  expect(await findingsIn(repository)).toEqual([])
})
