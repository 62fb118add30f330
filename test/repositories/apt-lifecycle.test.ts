import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyPackages } from '../../src/repositories/copy-packages.ts'
import { collectGarbage } from '../../src/repositories/gc.ts'
import { refreshRepository } from '../../src/repositories/refresh.ts'
import { removePackages } from '../../src/repositories/remove.ts'
import { rollbackRepository } from '../../src/repositories/rollback.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { AptClient } from '../clients/apt.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import {
  aptFormat,
  clientOf,
  indexText,
  later,
  makeKey,
  now,
  publishDebs,
  removeFolder,
  scratchFolder,
  type TestKey,
  treeOf,
} from './apt-world.ts'

let folder: string
let key: TestKey
let hello: string
let newer: string
let data: string

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  hello = await buildDeb(folder, { name: 'hello', fields: { 'X-Custom': 'kept' } })
  newer = await buildDeb(folder, { name: 'hello', version: '2.0-1' })
  data = await buildDeb(folder, { name: 'hello-data', architecture: 'all', section: 'doc' })
})

afterAll(() => removeFolder(folder))

const request = (repository: string, format = aptFormat()) => ({
  format,
  storage: fileStorage(repository),
  signers: [key.signer],
  verifier: key.verifier,
  name: 'test',
  date: later,
})

const findingsIn = (repository: string, format = aptFormat()) =>
  verifyRepository({ format, storage: fileStorage(repository), verifier: key.verifier, deep: true })

async function available(client: AptClient): Promise<readonly string[]> {
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  return client.available()
}

test('packages are promoted to another suite, and to another storage, with what their indexes say of them', async () => {
  const source = join(folder, 'source')
  const testing = aptFormat({ suite: 'testing' })
  await publishDebs([hello, newer, data], { to: source, key, format: testing })
  const from = { ...request(source, testing), name: 'testing' }
  const stable = join(folder, 'stable')

  const wanted = ({ version }: { readonly version: string }): boolean => version === '1.0-1'
  const same = await copyPackages({ from, to: request(source, aptFormat({ component: 'extra' })), wanted })
  const other = await copyPackages({ from, to: request(stable), wanted: () => true })

  expect([same.added.length, other.added.length]).toEqual([2, 3])
  const stanza = await indexText(source, 'dists/stable/extra/binary-amd64/Packages')
  expect(stanza).toContain('X-Custom: kept\n')
  expect(stanza).toContain('Filename: pool/extra/h/hello/hello_1.0-1_amd64.deb\n')
  expect(await indexText(stable, 'dists/stable/main/Contents-amd64')).toBe(
    await indexText(source, 'dists/testing/main/Contents-amd64'),
  )
  for (const [repository, component] of [
    [source, 'extra'],
    [stable, 'main'],
  ] as const) {
    const client = await AptClient.create(join(folder, `client-${component}`))
    const keyring = join(repository, 'test.gpg')
    await client.useLine(`deb [signed-by=${keyring}] file://${repository} stable ${component}`)
    expect(await available(client)).toHaveLength(component === 'main' ? 3 : 2)
    expect((await client.get('install', 'hello', 'hello-data')).status).toBe(0)
    expect(await findingsIn(repository, aptFormat({ component }))).toEqual([])
  }
})

test('what is removed is gone from every index, and comes back with a rollback', async () => {
  const repository = join(folder, 'removed')
  await publishDebs([hello, data], { to: repository, key })
  await publishDebs([newer], { to: repository, key })
  const client = await clientOf(repository, join(folder, 'client-removed'))
  const unwanted = ({ name }: { readonly name: string }): boolean => name === 'hello-data'

  await removePackages({ ...request(repository), unwanted })
  expect(await available(client)).toEqual(['hello 1.0-1 amd64', 'hello 2.0-1 amd64'])
  expect(await indexText(repository, 'dists/stable/main/Contents-amd64')).not.toContain('hello-data')
  expect(await indexText(repository, 'dists/stable/main/binary-arm64/Packages')).toBe('')
  expect(await findingsIn(repository)).toEqual([])

  await rollbackRepository({ ...request(repository), to: 1 })
  expect(await available(client)).toEqual(['hello 1.0-1 amd64', 'hello-data 1.0-1 all'])
  expect(await findingsIn(repository)).toEqual([])

  await publishDebs([newer], { to: repository, key, date: later })
  expect(await available(client)).toHaveLength(3)
  expect(await findingsIn(repository)).toEqual([])
})

test('garbage is what no kept generation and no other suite names', async () => {
  const repository = join(folder, 'garbage')
  for (const deb of [hello, newer, data]) await publishDebs([deb], { to: repository, key })
  const testing = aptFormat({ suite: 'testing' })
  await publishDebs([hello], { to: repository, key, format: testing })
  const source = join(repository, 'pool/main/h/hello/hello_1.0-1.dsc')
  await writeFile(source, 'of an index that we only pass on')
  const unwanted = ({ version }: { readonly version: string }): boolean => version === '1.0-1'
  await removePackages({ ...request(repository), unwanted })

  // A negative time of grace: files may be of this very moment.
  const { deleted } = await collectGarbage({
    ...request(repository),
    keep: 1,
    graceMs: -60_000,
    dryRun: false,
  })

  const paths = deleted.map(({ path }) => path)
  expect(paths).toContain('pool/main/h/hello-data/hello-data_1.0-1_all.deb')
  expect(paths).not.toContain('pool/main/h/hello/hello_1.0-1_amd64.deb')
  expect(await readFile(source, 'utf8')).toContain('pass on')
  expect([...(await treeOf(repository)).keys()].filter((path) => paths.includes(path))).toEqual([])
  expect(await findingsIn(repository)).toEqual([])
  expect(await findingsIn(repository, testing)).toEqual([])
  const client = await clientOf(repository, join(folder, 'client-garbage'))
  expect(await available(client)).toEqual(['hello 2.0-1 amd64'])
})

test('a suite that expires is valid for longer after a refresh, with the same indexes', async () => {
  const repository = join(folder, 'expiring')
  const format = aptFormat({ validDays: 1 })
  await publishDebs([hello], { to: repository, key, format, date: now })
  const index = await indexText(repository, 'dists/stable/main/binary-amd64/Packages')

  await refreshRepository(request(repository, format))

  const entry = await format.readEntry(fileStorage(repository), {})
  expect(entry?.validUntil).toEqual(new Date(later.getTime() + 24 * 3600 * 1000))
  expect(await indexText(repository, 'dists/stable/main/binary-amd64/Packages')).toBe(index)
  expect(await findingsIn(repository, format)).toEqual([])
})
