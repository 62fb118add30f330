import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CommandResult } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { buildRpms, plainSpec, signRpms } from '../clients/rpmbuild.ts'
import { ZypperClient } from '../clients/zypper.ts'
import {
  dnfFormat,
  endGpgHome,
  gpgHome,
  makeKey,
  now,
  publishRpms,
  removeFolder,
  scratchFolder,
  type TestKey,
} from './dnf-world.ts'
import { listFiles } from './repodata.ts'

let folder: string
let key: TestKey
let hello: { readonly old: string; readonly new: string; readonly unsigned: string }

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
  hello = {
    old: await build('hello', '1.0~rc1'),
    new: await build('hello', '1.0'),
    unsigned: await build('unsigned', '1.0'),
  }
  await signRpms([hello.old, hello.new], home, key.signer.fingerprint)
  await endGpgHome(home)
})

afterAll(() => removeFolder(folder))

const clients: { remove(): Promise<void> }[] = []
afterAll(async () => {
  for (const client of clients) await client.remove()
})

let count = 0

/** A repository of its own, and a dnf that knows it by the .repo file that was published with it. */
async function world(
  files: readonly string[],
  options: Partial<Parameters<typeof publishRpms>[1]> = {},
): Promise<{ repository: string; client: DnfClient }> {
  count += 1
  const repository = join(folder, `repository-${count}`)
  await publishRpms(files, {
    to: repository,
    key,
    publicUrl: `file://${repository}`,
    format: dnfFormat(),
    ...options,
  })
  const client = await DnfClient.create(join(folder, `c${count}`), {
    id: 'test',
    baseUrl: `file://${repository}`,
    keyUrls: [],
  })
  clients.push(client)
  await client.useRepoFile(await readFile(join(repository, 'test.repo'), 'utf8'))
  return { repository, client }
}

const saidBy = ({ stdout, stderr }: CommandResult): string => `${stdout}\n${stderr}`

describe('dnf with gpgcheck=1 and repo_gpgcheck=1', () => {
  test('installs, finds by file, upgrades to the release and removes', async () => {
    const { repository, client } = await world([hello.old])

    const install = await client.run('install', 'hello')
    expect(saidBy(install)).toContain('Complete!')
    expect(await readFile(client.root('usr/share/hello/version'), 'utf8')).toBe('1.0~rc1\n')
    const query = await client.run('repoquery', '--file', '/usr/share/hello/version')
    expect(query.stdout).toContain('hello-0:1.0~rc1-1.noarch')

    await publishRpms([hello.new], {
      to: repository,
      key,
      publicUrl: `file://${repository}`,
      format: dnfFormat(),
    })
    const upgrade = await client.run('upgrade')
    expect(saidBy(upgrade)).toContain('Complete!')
    expect(await readFile(client.root('usr/share/hello/version'), 'utf8')).toBe('1.0\n')
    const versions = await client.run('repoquery', '--qf', '%{evr}', 'hello')
    expect(versions.stdout.trim().split('\n').toSorted()).toEqual(['1.0-1', '1.0~rc1-1'])

    const remove = await client.run('remove', 'hello')
    expect(remove.status).toBe(0)
    await expect(stat(client.root('usr/share/hello'))).rejects.toThrow('ENOENT')
  })

  test.each([
    ['flat', 'packages/hello-1.0-1.noarch.rpm'],
    ['name', 'packages/hello/hello-1.0-1.noarch.rpm'],
  ] as const)('installs from the layout "%s" with zstd metadata', async (layout, path) => {
    const { repository, client } = await world([hello.new], {
      format: dnfFormat({ layout, compression: 'zstd' }),
    })

    expect(saidBy(await client.run('install', 'hello'))).toContain('Complete!')
    expect(await listFiles(repository)).toContain(path)
  })

  test('refuses a changed repomd.xml', async () => {
    const { repository, client } = await world([hello.new])
    await appendFile(join(repository, 'repodata/repomd.xml'), '\n')

    const result = await client.run('install', 'hello')

    expect(result.status).toBe(1)
    expect(saidBy(result)).toMatch(/repomd\.xml GPG signature verification error: Bad GPG signature/)
  })

  test.each(['primary', 'filelists'])('refuses a changed %s', async (kind) => {
    const { repository, client } = await world([hello.new])
    const path = (await listFiles(repository)).find((name) => name.includes(`-${kind}.xml`)) ?? ''
    const bytes = await readFile(join(repository, path))
    bytes[20] = (bytes[20] ?? 0) ^ 1
    await writeFile(join(repository, path), bytes)

    const result = await client.run('install', 'hello')

    expect(result.status).toBe(1)
    expect(saidBy(result)).toMatch(/checksum doesn't match|Checksum doesn't match/)
  })

  test('refuses a changed package', async () => {
    const { repository, client } = await world([hello.new])
    await appendFile(join(repository, 'packages/h/hello-1.0-1.noarch.rpm'), 'x')

    const result = await client.run('install', 'hello')

    expect(result.status).toBe(1)
    expect(saidBy(result)).not.toContain('Complete!')
    await expect(stat(client.root('usr/share/hello'))).rejects.toThrow('ENOENT')
  })

  test('refuses a repository signed by another key', async () => {
    const { repository, client } = await world([hello.new])
    const other = await makeKey('Somebody Else <else@example.org>')
    await writeFile(join(folder, 'other.asc'), other.signer.publicKeyArmored)
    const repoFile = await readFile(join(repository, 'test.repo'), 'utf8')
    await client.useRepoFile(repoFile.replace(/gpgkey=.*/, `gpgkey=file://${folder}/other.asc`))

    const result = await client.run('install', 'hello')

    expect(result.status).toBe(1)
    expect(saidBy(result)).toMatch(/GPG signature verification error/)
  })

  test('refuses an unsigned package of a signed repository', async () => {
    const { repository, client } = await world([hello.unsigned], {
      format: dnfFormat({ unsignedPackages: 'allow' }),
    })
    const repoFile = await readFile(join(repository, 'test.repo'), 'utf8')
    expect(repoFile).toContain('gpgcheck=0')
    await client.useRepoFile(repoFile.replace('\ngpgcheck=0', '\ngpgcheck=1'))

    const result = await client.run('install', 'unsigned')

    expect(result.status).toBe(1)
    expect(saidBy(result)).toMatch(/is not signed|GPG check FAILED/)
  })

  test('accepts two signatures with either key, so that keys can change with an overlap', async () => {
    const next = await makeKey('Next Key <next@example.org>')
    const { repository } = await world([hello.new], { signers: [key.signer, next.signer] })
    const repoFile = await readFile(join(repository, 'test.repo'), 'utf8')
    const keyUrls = /gpgkey=(.*)/.exec(repoFile)?.[1]?.split(' ') ?? []
    expect(keyUrls).toHaveLength(2)

    for (const [index, keyUrl] of keyUrls.entries()) {
      const client = await DnfClient.create(join(folder, `k${index}`), {
        id: 'test',
        baseUrl: `file://${repository}`,
        keyUrls: [keyUrl],
      })
      clients.push(client)
      expect((await client.run('repoquery', 'hello')).stdout).toContain('hello-0:1.0-1.noarch')
    }
  })

  test('reads the state of an interrupted publish as soon as the publish was repeated', async () => {
    const { repository, client } = await world([hello.old])
    const before = await readFile(join(repository, 'repodata/repomd.xml.asc'))
    await publishRpms([hello.new], {
      to: repository,
      key,
      publicUrl: `file://${repository}`,
      format: dnfFormat(),
    })
    // As if the process had died after the swap of repomd.xml.
    await writeFile(join(repository, 'repodata/repomd.xml.asc'), before)
    expect((await client.run('install', 'hello')).status).toBe(1)

    await publishRpms([hello.new], {
      to: repository,
      key,
      publicUrl: `file://${repository}`,
      format: dnfFormat(),
    })

    expect(saidBy(await client.run('install', 'hello'))).toContain('Complete!')
  })
})

test('zypper refreshes with the key beside the signature, installs, and refuses a changed repomd.xml', async () => {
  const { repository } = await world([hello.new], { date: now })
  const client = await ZypperClient.create(join(folder, 'zypper'))
  clients.push(client)
  await client.run('addrepo', '--gpgcheck', `file://${repository}`, 'test')

  const refresh = await client.run('refresh')
  expect(saidBy(refresh)).toContain('All repositories have been refreshed')
  const install = await client.run('install', '--no-recommends', 'hello')
  expect(saidBy(install)).toContain('hello-1.0-1.noarch')
  expect(await readFile(client.root('usr/share/hello/version'), 'utf8')).toBe('1.0\n')

  await appendFile(join(repository, 'repodata/repomd.xml'), '\n')
  const refused = await client.run('refresh', '--force')
  expect(refused.status).not.toBe(0)
  expect(saidBy(refused)).toMatch(/Signature verification failed/)
})

test('zypper accepts two signatures with the keys beside them', async () => {
  const next = await makeKey('Next Key <next@example.org>')
  const { repository } = await world([hello.new], { signers: [key.signer, next.signer] })
  const client = await ZypperClient.create(join(folder, 'zypper-two'))
  clients.push(client)
  await client.run('addrepo', '--gpgcheck', `file://${repository}`, 'test')

  const refresh = await client.run('refresh')

  expect(saidBy(refresh)).toContain('All repositories have been refreshed')
  expect((await client.run('search', 'hello')).stdout).toContain('hello')
})
