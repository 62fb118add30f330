import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { copyPackages } from '../../src/repositories/copy-packages.ts'
import { exportRepository } from '../../src/repositories/export.ts'
import { collectGarbage } from '../../src/repositories/gc.ts'
import { repositoryHistory } from '../../src/repositories/history.ts'
import { removePackages } from '../../src/repositories/remove.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { s3Options } from '../../src/storage/s3/s3.ts'
import { s3Storage } from '../../src/storage/s3/s3-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { mustRun } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { buildRpms, plainSpec, signRpms } from '../clients/rpmbuild.ts'
import { startRadosgw } from '../servers/radosgw.ts'
import { treeOf } from './apt-world.ts'
import * as dnf from './dnf-world.ts'

let folder: string
let key: dnf.TestKey
let hello: string
let other: string
/** The same name and version as `hello`. */
let swapped: string
let unsigned: string
const clients: DnfClient[] = []

beforeAll(async () => {
  folder = await dnf.scratchFolder()
  key = await dnf.makeKey()
  const build = async (name: string, where: string, extra = ''): Promise<string> => {
    const all = await buildRpms(join(folder, 'rpms', where), plainSpec(name, '1.0', extra))
    const [binary] = all.filter((path) => path.endsWith('.noarch.rpm'))
    if (binary === undefined) throw new Error('rpmbuild made no binary package')
    return binary
  }
  hello = await build('hello', 'hello')
  swapped = await build('hello', 'swapped', 'URL: https://example.org/another')
  other = await build('other', 'other')
  unsigned = await build('unsigned', 'unsigned')
  const home = await dnf.gpgHome(join(folder, 'gpg'), key)
  await signRpms([hello, swapped, other], home, key.signer.fingerprint)
  await dnf.endGpgHome(home)
})

afterAll(async () => {
  for (const client of clients) await client.remove()
  await dnf.removeFolder(folder)
})

const strict = dnf.dnfFormat()
const lenient = dnf.dnfFormat({ unsignedPackages: 'allow' })

const request = (place: Storage | string, format = strict) => {
  const storage = typeof place === 'string' ? fileStorage(place) : place
  const signing = { signers: [key.signer], verifier: key.verifier }
  return { format, storage, ...signing, name: 'test', publicUrl: storage.url, date: dnf.now }
}

const publish = (files: readonly string[], to: Storage | string, format = strict) =>
  dnf.publishRpms(files, { ...request(to, format), to, key })

const promote = (from: Storage | string, to: Storage | string, format = strict) =>
  copyPackages({
    from: { ...request(from), name: 'testing' },
    to: request(to, format),
    wanted: () => true,
  })

const findingsIn = (place: Storage | string) => verifyRepository({ ...request(place), deep: true })

/** What dnf offers and installs, with the .repo file that was published. */
async function installed(place: Storage | string, names: readonly string[]): Promise<readonly string[]> {
  const storage = typeof place === 'string' ? fileStorage(place) : place
  const address = { id: 'test', baseUrl: storage.url, keyUrls: [] }
  const client = await DnfClient.create(join(folder, `c${clients.length}`), address)
  clients.push(client)
  const repoFile = await (await storage.get('test.repo'))?.bytes()
  await client.useRepoFile(Buffer.from(repoFile ?? []).toString())
  const { status, stdout, stderr } = await client.run('repoquery', '--qf', '%{name}-%{version}')
  expect({ status, stderr }).toMatchObject({ status: 0 })
  const install = await client.run('install', ...names)
  expect({ ...install, stdout: '' }).toMatchObject({ status: 0 })
  for (const name of names) {
    expect(await readFile(client.root('usr/share', name, 'version'), 'utf8')).toBe('1.0\n')
  }
  return stdout.trim().split('\n').toSorted()
}

describe('a promotion', () => {
  test('a second time adds nothing and writes nothing, and says where packages came from', async () => {
    const [from, to] = [join(folder, 'twice-from'), join(folder, 'twice-to')]
    await publish([hello, other], from)
    await publish([other], to)

    expect((await promote(from, to)).added.map(({ name }) => name)).toEqual(['hello'])
    const before = await treeOf(to)
    const again = await promote(from, to)

    expect([again.added.length, again.kept.length]).toEqual([0, 2])
    expect(await treeOf(to)).toEqual(before)
    const history = await repositoryHistory(request(to))
    expect(history.map(({ generation }) => generation?.cause)).toEqual([
      { kind: 'copy', from: 'testing' },
      { kind: 'publish' },
    ])
    expect(await installed(to, ['hello', 'other'])).toEqual(['hello-1.0', 'other-1.0'])
    expect(await findingsIn(to)).toEqual([])
  })

  test('does not need its source any more, whatever happens to that', async () => {
    const [from, to] = [join(folder, 'gone-from'), join(folder, 'gone-to')]
    await publish([hello], from)
    await promote(from, to)

    await removePackages({ ...request(from), unwanted: () => true })
    // A negative time of grace: files may be of this very moment.
    await collectGarbage({ ...request(from), keep: 1, graceMs: -60_000, dryRun: false })
    expect([...(await treeOf(from)).keys()].filter((path) => path.endsWith('.rpm'))).toEqual([])

    expect(await installed(to, ['hello'])).toEqual(['hello-1.0'])
    expect(await findingsIn(to)).toEqual([])
  })

  test('takes what createrepo_c lists, by its digest, into a signed repository', async () => {
    const [from, to] = [join(folder, 'foreign-from'), join(folder, 'foreign-to')]
    await mustRun('mkdir', ['-p', join(from, 'Packages')])
    await mustRun('cp', [hello, other, join(from, 'Packages')])
    await mustRun('createrepo_c', ['-q', from])

    await copyPackages({
      from: { ...request(from), adopt: true, name: 'foreign' },
      to: request(to),
      wanted: ({ name }) => name === 'hello',
    })

    expect(await installed(to, ['hello'])).toEqual(['hello-1.0'])
    expect(await findingsIn(to)).toEqual([])
  })
})

describe('a promotion is refused, and clients of the target see what they saw', () => {
  test.each([
    ['of other bytes under a released name', 'REPOSITORY_SWAP', () => swapped],
    ['of a package without a signature', 'DNF_PACKAGE_UNSIGNED', () => unsigned],
  ])('%s', async (_, code, file) => {
    const [from, to] = [join(folder, `${code}-from`), join(folder, `${code}-to`)]
    await publish([other, file()], from, lenient)
    await publish([hello], to)
    const before = await treeOf(to)

    await expect(promote(from, to)).rejects.toMatchObject({ code })

    expect(await treeOf(to)).toEqual(before)
    expect(await installed(to, ['hello'])).toEqual(['hello-1.0'])
  })

  test('of a package whose file is gone, and it works when that is back', async () => {
    const [from, to] = [join(folder, 'lost-from'), join(folder, 'lost-to')]
    await publish([other], from)
    await publish([hello], to)
    await rm(join(from, 'packages/o/other-1.0-1.noarch.rpm'))
    const before = await treeOf(to)

    await expect(promote(from, to)).rejects.toMatchObject({ code: 'REPOSITORY_SOURCE_GONE' })
    expect(await treeOf(to)).toEqual(before)

    await mustRun('cp', [other, join(from, 'packages/o')])
    await promote(from, to)
    expect(await installed(to, ['hello', 'other'])).toEqual(['hello-1.0', 'other-1.0'])
    expect(await findingsIn(to)).toEqual([])
  })
})

test('from a folder to a bucket, on to another bucket, and back to a folder by an export', async () => {
  const server = await startRadosgw()
  onTestFinished(() => server.stop())
  const bucket = async (): Promise<Storage> => {
    const place = { bucket: await server.bucket(), endpoint: server.endpoint, region: 'us-east-1' }
    return s3Storage(s3Options.parse({ ...place, acl: 'public-read' }))
  }
  const from = join(folder, 'bucket-from')
  await publish([hello, other], from)
  const [testing, stable] = [await bucket(), await bucket()]
  const format = dnf.dnfFormat({ layout: 'flat', compression: 'zstd' })

  await promote(from, testing)
  expect(await installed(testing, ['hello'])).toEqual(['hello-1.0', 'other-1.0'])
  await promote(testing, stable, format)
  expect(await installed(stable, ['hello', 'other'])).toEqual(['hello-1.0', 'other-1.0'])
  expect(await findingsIn(stable)).toEqual([])

  const plain = join(folder, 'bucket-export')
  await exportRepository({ ...request(stable, format), to: fileStorage(plain) })
  const { entries } = await dnf.readAll(plain, key.verifier)
  expect(entries.map(({ path }) => path).toSorted()).toEqual([
    'packages/hello-1.0-1.noarch.rpm',
    'packages/other-1.0-1.noarch.rpm',
  ])
  const packages = entries.map(({ path }) => join(plain, path)).toSorted()
  expect(await Promise.all(packages.map((path) => readFile(path)))).toEqual(
    await Promise.all([hello, other].map((path) => readFile(path))),
  )
})
