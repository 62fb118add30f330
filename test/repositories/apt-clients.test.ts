import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { initRepository } from '../../src/repositories/publish.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { AptClient } from '../clients/apt.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import { type StaticServer, serveFolder } from '../servers/static-http.ts'
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
let server: StaticServer
let key: TestKey
let repository: string
let hello: string
let data: string

beforeAll(async () => {
  folder = await scratchFolder()
  server = await serveFolder(folder)
  key = await makeKey()
  repository = join(folder, 'repository')
  hello = await buildDeb(folder, { name: 'hello', fields: { Depends: 'hello-data' } })
  data = await buildDeb(folder, { name: 'hello-data', architecture: 'all', section: 'doc' })
  await publishDebs([hello, data], { to: repository, key })
})

afterAll(async () => {
  await server.close()
  await removeFolder(folder)
})

test('apt updates, installs and removes with the published files alone', async () => {
  const client = await clientOf(repository, join(folder, 'client'))

  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toEqual(['hello 1.0-1 amd64', 'hello-data 1.0-1 all'])
  expect((await client.get('install', 'hello')).status).toBe(0)
  expect(await readFile(client.root('usr/share/hello/greeting'), 'utf8')).toBe('hello from hello 1.0-1\n')
  expect(await client.installed()).toContain('Package: hello-data')
  expect((await client.get('remove', 'hello')).status).toBe(0)
  await expect(readFile(client.root('usr/share/hello/greeting'))).rejects.toThrow('ENOENT')
})

test('the armored keyring works as well, and every architecture has the "all" packages', async () => {
  const client = await AptClient.create(join(folder, 'arm'), 'arm64')
  const sources = await readFile(join(repository, 'test.sources'), 'utf8')
  await writeFile(client.root('etc/apt/keyrings/key.asc'), await readFile(join(repository, 'test.asc')))
  const moved = sources.replace(/^Signed-By: .*$/m, `Signed-By: ${client.root('etc/apt/keyrings/key.asc')}`)
  await writeFile(client.root('etc/apt/sources.list.d/test.sources'), moved)

  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toEqual(['hello-data 1.0-1 all'])
})

test('clients with the old or the new key accept an index that both signed', async () => {
  const [old, fresh] = [await makeKey('Old <old@example.org>'), await makeKey('New <new@example.org>')]
  const both = join(folder, 'both')
  await publishDebs([hello, data], { to: both, signers: [old.signer, fresh.signer], verifier: old.verifier })

  for (const { signer } of [old, fresh]) {
    const client = await AptClient.create(join(folder, `client-${signer.fingerprint}`))
    const sources = await readFile(join(both, 'test.sources'), 'utf8')
    await client.useSources(sources, signer.publicKeyBinary)
    expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  }
  const bytes = await readFile(join(both, 'dists/stable/Release'))
  const signature = await readFile(join(both, 'dists/stable/Release.gpg'))
  expect(await old.verifier.verifyDetached(bytes, signature)).toBe(old.signer.fingerprint)
  expect(await fresh.verifier.verifyDetached(bytes, signature)).toBe(fresh.signer.fingerprint)
})

test('old clients install over Release and Release.gpg', async () => {
  const plain = join(folder, 'plain')
  await cp(repository, plain, { recursive: true })
  await rm(join(plain, 'dists/stable/InRelease'))
  const client = await AptClient.create(join(folder, 'client-plain'))
  const sources = await readFile(join(plain, 'test.sources'), 'utf8')
  await client.useSources(
    sources.replace(/^URIs: .*$/m, `URIs: file://${plain}`),
    await readFile(join(plain, 'test.gpg')),
  )

  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toHaveLength(2)
})

test('the names by hash are enough, and so are the usual ones', async () => {
  for (const kind of ['by-hash', 'usual']) {
    const copy = join(folder, `only-${kind}`)
    await cp(repository, copy, { recursive: true })
    const binary = join(copy, 'dists/stable/main/binary-amd64')
    for (const name of kind === 'usual' ? ['by-hash'] : ['Packages.gz']) {
      await rm(join(binary, name), { recursive: true })
    }
    const client = await clientOf(copy, join(folder, `client-only-${kind}`))
    const sources = await readFile(join(copy, 'test.sources'), 'utf8')
    await client.useSources(
      sources.replace(/^URIs: .*$/m, `URIs: file://${copy}`),
      await readFile(join(copy, 'test.gpg')),
    )

    expect(await client.get('update')).toMatchObject({ status: 0 })
    expect(await client.available()).toHaveLength(2)
  }
})

test('clients see an empty repository, and later publishes of other versions beside the first', async () => {
  const growing = join(folder, 'growing')
  await initRepository({
    format: aptFormat(),
    storage: fileStorage(growing),
    signers: [key.signer],
    verifier: key.verifier,
    name: 'test',
    date: now,
  })
  const client = await clientOf(growing, join(folder, 'client-growing'))
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toEqual([])

  await publishDebs([hello], { to: growing, key, date: now })
  await publishDebs([await buildDeb(folder, { name: 'hello', version: '1.1-1' })], {
    to: growing,
    key,
    date: later,
  })
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toEqual(['hello 1.0-1 amd64', 'hello 1.1-1 amd64'])
})

test('three suites and two components share one storage, and "all" packages are in each', async () => {
  const shared = join(folder, 'shared')
  const testing = await buildDeb(folder, { name: 'hello', version: '2.0-1' })
  const contrib = await buildDeb(folder, { name: 'extra', section: 'contrib/utils' })
  const settings = { to: shared, key }
  const suites = ['stable', 'testing', 'testing/updates']
  for (const suite of suites) {
    const own = suite === 'stable' ? hello : testing
    await publishDebs([own, data], { ...settings, format: aptFormat({ suite }) })
    await publishDebs([contrib, data], { ...settings, format: aptFormat({ suite, component: 'contrib' }) })
  }
  const keyring = join(shared, 'test.gpg')

  for (const suite of suites) {
    const version = suite === 'stable' ? '1.0-1' : '2.0-1'
    const expected = {
      amd64: ['extra 1.0-1 amd64', `hello ${version} amd64`, 'hello-data 1.0-1 all', 'hello-data 1.0-1 all'],
      arm64: ['hello-data 1.0-1 all', 'hello-data 1.0-1 all'],
    }
    for (const [architecture, packages] of Object.entries(expected)) {
      const name = `client-${suite.replaceAll('/', '-')}-${architecture}`
      const client = await AptClient.create(join(folder, name), architecture)
      await client.useLine(`deb [signed-by=${keyring}] file://${shared} ${suite} main contrib`)
      expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
      expect(await client.available()).toEqual(packages)
    }
    expect(
      await verifyRepository({
        format: aptFormat({ suite }),
        storage: fileStorage(shared),
        verifier: key.verifier,
        deep: true,
      }),
    ).toEqual([])
  }
})

test('names by hash alone are a layout of their own, and turning it on removes the usual ones', async () => {
  const bare = join(folder, 'bare')
  const format = aptFormat({ usualNames: false, compressions: ['xz'] })
  const settings = { to: bare, key, publicUrl: `${server.url}/bare` }
  await publishDebs([hello], { ...settings, format: aptFormat({ compressions: ['xz'] }) })
  await publishDebs([data], { ...settings, format })

  const usual = [...(await treeOf(bare)).keys()].filter((path) =>
    /(Packages|Contents-\w+)(\.\w+)?$/.test(path),
  )
  expect(usual).toEqual([])
  const client = await clientOf(bare, join(folder, 'client-bare'))
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toHaveLength(2)
  expect((await client.get('install', 'hello')).status).toBe(0)
  const indexes = server.requests.filter(({ path }) => path.startsWith('/bare/dists/stable/main/'))
  expect(indexes.length).toBeGreaterThan(0)
  for (const request of indexes) {
    expect(request.path).toMatch(/\/by-hash\/SHA256\/[0-9a-f]{64}$/)
    expect(request.status).toBe(200)
  }
  const verified = { format, storage: fileStorage(bare), verifier: key.verifier, deep: true }
  expect(await verifyRepository(verified)).toEqual([])
})

test.each(['./', 'deb/'])('apt reads a flat repository in %s', async (suite) => {
  const flat = join(folder, `flat-${suite.length}`)
  const format = aptFormat({ suite })
  await publishDebs([hello], { to: flat, key, format })
  await publishDebs([data], { to: flat, key, format })

  const client = await clientOf(flat, join(folder, `client-flat-${suite.length}`))
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toEqual(['hello 1.0-1 amd64', 'hello-data 1.0-1 all'])
  expect((await client.get('install', 'hello')).status).toBe(0)
  const verified = { format, storage: fileStorage(flat), verifier: key.verifier, deep: true }
  expect(await verifyRepository(verified)).toEqual([])
})

test('an index that grew by 120 publishes is read by apt, package by package', async () => {
  const grown = join(folder, 'grown')
  const names = Array.from({ length: 120 }, (_, number) => `grown-${String(number).padStart(3, '0')}`)
  for (const name of names) {
    const deb = await buildDeb(folder, {
      name,
      fields: { Description: `${name}\n ${'A longer text. '.repeat(20)}` },
    })
    await publishDebs([deb], { to: grown, key })
  }

  const body = await readFile(join(grown, 'dists/stable/main/binary-amd64/Packages.gz'))
  const members = body.toString('latin1').split('\x1f\x8b\x08').length - 1
  expect(members).toBeGreaterThan(1)
  const client = await clientOf(grown, join(folder, 'client-grown'))
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toEqual(names.map((name) => `${name} 1.0-1 amd64`))
  expect((await client.get('install', 'grown-000', 'grown-119')).status).toBe(0)
}, 120_000)

test('xz and zstd forms are read by apt, and an architecture that comes later gets the "all" packages', async () => {
  const forms = join(folder, 'forms')
  const format = aptFormat({ architectures: ['arm64'], compressions: ['xz', 'zstd'] })
  await publishDebs([data], { to: forms, key, format })
  await publishDebs([hello], { to: forms, key, format })

  for (const kept of ['xz', 'zst']) {
    const client = await clientOf(forms, join(folder, `client-${kept}`))
    const order = `Acquire::CompressionTypes::Order:: "${kept}";\n`
    await writeFile(client.root('apt.conf'), (await readFile(client.root('apt.conf'), 'utf8')) + order)
    expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
    expect(await client.available()).toEqual(['hello 1.0-1 amd64', 'hello-data 1.0-1 all'])
  }
})

test('Contents names the files of all packages of the architecture', async () => {
  const contents = await indexText(repository, 'dists/stable/main/Contents-amd64')

  expect(contents).toBe(
    'usr/share/hello/greeting utils/hello\nusr/share/hello-data/greeting doc/hello-data\n',
  )
})

describe('apt refuses', () => {
  async function refused(name: string, spoil: (copy: string) => Promise<void>): Promise<string> {
    const copy = join(folder, `spoiled-${name}`)
    await cp(repository, copy, { recursive: true })
    await spoil(copy)
    const client = await AptClient.create(join(folder, `client-spoiled-${name}`))
    const sources = await readFile(join(copy, 'test.sources'), 'utf8')
    await client.useSources(
      sources.replace(/^URIs: .*$/m, `URIs: file://${copy}`),
      await readFile(join(copy, 'test.gpg')),
    )
    const update = await client.get('update')
    const install = await client.get('install', 'hello')
    expect(install.status).not.toBe(0)
    return update.stdout + update.stderr + install.stdout + install.stderr
  }

  test('an index signed by another key', async () => {
    const other = await makeKey('Stranger <stranger@example.org>')
    const output = await refused('key', (copy) =>
      writeFile(join(copy, 'test.gpg'), other.signer.publicKeyBinary),
    )
    expect(output).toContain('NO_PUBKEY')
  })

  test('a changed InRelease', async () => {
    const output = await refused('inrelease', async (copy) => {
      const path = join(copy, 'dists/stable/InRelease')
      await writeFile(path, (await readFile(path, 'utf8')).replace('Components: main', 'Components: evil'))
    })
    expect(output).toMatch(/BADSIG|invalid/i)
  })

  test('a changed index', async () => {
    const output = await refused('index', async (copy) => {
      const binary = join(copy, 'dists/stable/main/binary-amd64')
      await rm(join(binary, 'by-hash'), { recursive: true })
      await writeFile(join(binary, 'Packages.gz'), 'Package: evil\n')
    })
    expect(output).toMatch(/Hash Sum mismatch|unexpected size/)
  })

  test('a changed package', async () => {
    const output = await refused('package', async (copy) => {
      const path = join(copy, 'pool/main/h/hello/hello_1.0-1_amd64.deb')
      const bytes = await readFile(path)
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      await writeFile(path, bytes)
    })
    expect(output).toContain('Hash Sum mismatch')
  })
})
