import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { makeRpms } from '../../bench/repositories/rpms.ts'
import { exportRepository } from '../../src/repositories/export.ts'
import type { RepositoryFormat } from '../../src/repositories/repository-format.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { AptClient } from '../clients/apt.ts'
import { mustRun } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import { serveFolder } from '../servers/static-http.ts'
import * as apt from './apt-world.ts'
import * as dnf from './dnf-world.ts'
import { listFiles, packagesOf, readRepodata } from './repodata.ts'

let folder: string
let home: string
let key: apt.TestKey
let debs: readonly string[]
let rpms: readonly string[]
const clients: DnfClient[] = []

beforeAll(async () => {
  folder = await dnf.scratchFolder()
  key = await apt.makeKey()
  home = await dnf.gpgHome(join(folder, 'gpg'), key)
  debs = [
    await buildDeb(folder, { name: 'hello', fields: { 'X-Custom': 'kept' } }),
    await buildDeb(folder, { name: 'hello-data', architecture: 'all' }),
    await buildDeb(folder, { name: 'later' }),
  ]
  rpms = await makeRpms(join(folder, 'rpms'), 0, 4)
})

afterAll(async () => {
  await dnf.endGpgHome(home)
  for (const client of clients) await client.remove()
  await apt.removeFolder(folder)
})

const exported = (format: RepositoryFormat, from: Storage | string, to: Storage | string): Promise<number> =>
  exportRepository({
    format,
    storage: typeof from === 'string' ? fileStorage(from) : from,
    signers: [key.signer],
    verifier: key.verifier,
    to: typeof to === 'string' ? fileStorage(to) : to,
  })

describe('an exported suite is a mirror that others follow, with its signature checked', () => {
  test('aptly mirrors it, and finds what a later export added', async () => {
    const [from, to] = [join(folder, 'aptly-from'), join(folder, 'aptly-to')]
    await apt.publishDebs(debs.slice(0, 2), { to: from, key })
    await exported(apt.aptFormat(), from, to)
    const server = await serveFolder(to)
    onTestFinished(() => server.close())
    const config = join(folder, 'aptly.conf')
    await writeFile(config, JSON.stringify({ rootDir: join(folder, 'aptly'), gpgProvider: 'gpg' }))
    const aptly = (...args: string[]) => mustRun('aptly', [`-config=${config}`, ...args])
    const keyring = `-keyring=${join(from, 'test.gpg')}`
    const listed = async () => {
      const shown = await aptly('mirror', 'show', '-with-packages', 'm')
      return [...shown.matchAll(/^ {2}(\S+_(?:amd64|all))$/gm)].map(([, name]) => name)
    }

    await aptly('mirror', 'create', keyring, '-architectures=amd64', 'm', server.url, 'stable', 'main')
    await aptly('mirror', 'update', keyring, 'm')
    expect(await listed()).toEqual(['hello_1.0-1_amd64', 'hello-data_1.0-1_all'])

    await apt.publishDebs(debs.slice(2), { to: from, key, date: apt.later })
    await exported(apt.aptFormat(), from, to)
    await aptly('mirror', 'update', keyring, 'm')
    expect(await listed()).toHaveLength(3)
    await aptly('snapshot', 'create', 's', 'from', 'mirror', 'm')
    await aptly('publish', 'snapshot', '-skip-signing', '-distribution=stable', 's')
    const client = await AptClient.create(join(folder, 'c-aptly'))
    await client.useLine(`deb [trusted=yes] file://${join(folder, 'aptly/public')} stable main`)
    expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
    expect(await client.available()).toHaveLength(3)
  })

  test('reprepro updates from it, with unknown fields', async () => {
    const [from, to] = [join(folder, 'reprepro-from'), join(folder, 'reprepro-to')]
    await apt.publishDebs(debs.slice(0, 2), { to: from, key })
    await exported(apt.aptFormat(), from, to)
    const base = join(folder, 'reprepro')
    await mkdir(join(base, 'conf'), { recursive: true })
    const distribution = 'Codename: mine\nArchitectures: amd64\nComponents: main\nUpdate: hawser\n'
    await writeFile(join(base, 'conf/distributions'), distribution)
    const fingerprint = key.signer.fingerprint.toUpperCase().slice(-16)
    const update = `Name: hawser\nMethod: file:${to}\nSuite: stable\nVerifyRelease: ${fingerprint}\n`
    await writeFile(join(base, 'conf/updates'), update)
    const reprepro = (...args: string[]) =>
      mustRun('reprepro', ['-b', base, ...args], { environment: { GNUPGHOME: home } })

    await reprepro('--silent', 'update', 'mine')

    expect(await reprepro('list', 'mine')).toBe(
      'mine|main|amd64: hello 1.0-1\nmine|main|amd64: hello-data 1.0-1\n',
    )
    const index = await readFile(join(base, 'dists/mine/main/binary-amd64/Packages'), 'utf8')
    expect(index).toContain('X-Custom: kept\n')
  })
})

test('what is exported of a suite is nothing of others, beside it, above it or below its folder', async () => {
  const from = join(folder, 'several')
  const suites = ['./', 'stable', 'stable/updates', 'extra/']
  for (const suite of suites) {
    await apt.publishDebs(debs.slice(0, 1), { to: from, key, format: apt.aptFormat({ suite }) })
  }
  for (const [number, suite] of suites.entries()) {
    const to = join(folder, `several-${number}`)
    const format = apt.aptFormat({ suite })

    await exported(format, from, to)

    const releases = (await listFiles(to)).filter((path) => path.endsWith('InRelease'))
    const { metadataPrefix } = format
    expect(releases).toEqual([`${metadataPrefix}InRelease`])
    expect(await apt.entriesIn(fileStorage(to), format, key.verifier)).not.toEqual([])
  }
})

describe('an exported DNF repository', () => {
  const format = dnf.dnfFormat({ unsignedPackages: 'allow' })

  async function available(repository: string, keyUrls: readonly string[]): Promise<readonly string[]> {
    const address = { id: 'test', baseUrl: `file://${repository}`, keyUrls }
    const client = await DnfClient.create(join(folder, `c${clients.length}`), address)
    clients.push(client)
    const isSigned = `--setopt=test.repo_gpgcheck=${keyUrls.length > 0 ? 1 : 0}`
    const { status, stdout, stderr } = await client.run(isSigned, 'repoquery', '--qf', '%{name}')
    expect({ status, stderr }).toMatchObject({ status: 0 })
    return stdout.trim().split('\n').toSorted()
  }

  test('is read by dnf with its signature, and after createrepo_c --update, which reads no old package again and touches nothing of ours', async () => {
    const [from, to] = [join(folder, 'dnf-from'), join(folder, 'dnf-to')]
    await dnf.publishRpms(rpms.slice(0, 3), { to: from, key, format, publicUrl: `file://${from}` })
    await exported(format, from, to)
    const names = ['sample-000000', 'sample-000001', 'sample-000002']
    expect(await available(to, [`file://${from}/RPM-GPG-KEY-test`])).toEqual(names)
    const before = packagesOf(await readRepodata(to, 'primary'))
    // Whoever read these again would find that they are no packages any more.
    for (const path of await listFiles(to)) {
      if (path.endsWith('.rpm'))
        await writeFile(join(to, path), new Uint8Array((await stat(join(to, path))).size))
    }
    const added = rpms[3] ?? ''
    await copyFile(added, join(to, 'packages', basename(added)))

    await mustRun('createrepo_c', ['-q', '--no-database', '--update', '--skip-stat', to])

    expect(await available(to, [])).toEqual([...names, 'sample-000003'])
    const after = packagesOf(await readRepodata(to, 'primary'))
    for (const [id, raw] of before) expect(after.get(id)).toBe(raw)
    const source = { format, storage: fileStorage(from), verifier: key.verifier }
    expect(await verifyRepository({ ...source, deep: true })).toEqual([])
  })
})

describe.each(['apt', 'dnf'] as const)('an export of %s', (kind) => {
  const format = kind === 'apt' ? apt.aptFormat() : dnf.dnfFormat({ unsignedPackages: 'allow' })
  const publish = (to: string, from: number, end: number) =>
    kind === 'apt'
      ? apt.publishDebs(debs.slice(from, end), { to, key, format, date: apt.later })
      : dnf.publishRpms(rpms.slice(from, end), { to, key, format, date: apt.later })
  const listed = async (at: string): Promise<readonly string[]> => {
    if (kind === 'dnf') return (await dnf.readAll(at, key.verifier)).entries.map(({ path }) => path)
    const paths = (await apt.entriesIn(fileStorage(at), apt.aptFormat(), key.verifier)).map(
      ({ path }) => path,
    )
    return [...new Set(paths)]
  }

  test('is of one moment, also when somebody publishes in the middle of it', async () => {
    const [from, to] = [join(folder, `${kind}-racing`), join(folder, `${kind}-racing-copy`)]
    await publish(from, 0, 2)
    const target = fileStorage(to)
    let copies = 0
    // After the packages of the first moment, and before its indexes.
    const racing: Storage = {
      ...target,
      async copy(source, path, options) {
        copies += 1
        if (copies === 3) await publish(from, 2, 3)
        return target.copy(source, path, options)
      },
    }

    const count = await exported(format, from, racing)

    const paths = await listed(to)
    expect(paths).toHaveLength(3)
    const files = await listFiles(to)
    expect(files).toEqual(expect.arrayContaining([...paths]))
    expect(count).toBe(files.filter((path) => !path.startsWith('.hawser')).length)
  })

  test('of a repository whose last publish died after the entry is right in what repeats and signs it', async () => {
    const [from, to] = [join(folder, `${kind}-half`), join(folder, `${kind}-half-copy`)]
    await publish(from, 0, 1)
    const repeats =
      kind === 'apt'
        ? ['Release', 'Release.gpg', 'main/binary-amd64/Packages.gz'].map((name) => `dists/stable/${name}`)
        : ['repodata/repomd.xml.asc']
    const old = await Promise.all(repeats.map((path) => readFile(join(from, path))))
    await publish(from, 1, 3)
    for (const [at, bytes] of old.entries()) await writeFile(join(from, repeats[at] ?? ''), bytes)
    const request = { format, verifier: key.verifier, deep: true }
    expect(await verifyRepository({ ...request, storage: fileStorage(from) })).not.toEqual([])

    await exported(format, from, to)

    expect(await verifyRepository({ ...request, storage: fileStorage(to) })).toEqual([])
    const [entry, signature] =
      kind === 'apt'
        ? ['dists/stable/Release', 'dists/stable/Release.gpg']
        : ['repodata/repomd.xml', ...repeats]
    await mustRun('gpg', ['--homedir', home, '--verify', join(to, signature ?? ''), join(to, entry)])
  })

  test('is one that Hawser itself goes on with, although our records are not in it', async () => {
    const [from, to] = [join(folder, `${kind}-again`), join(folder, `${kind}-again-copy`)]
    await publish(from, 0, 2)
    await exported(format, from, to)
    const before = await listed(to)

    expect((await publish(to, 2, 3)).added).toHaveLength(1)

    expect(await listed(to)).toEqual(expect.arrayContaining([...before]))
    expect(await listed(to)).toHaveLength(3)
    const request = { format, storage: fileStorage(to), verifier: key.verifier }
    expect(await verifyRepository({ ...request, deep: true })).toEqual([])
  })

  test('that is interrupted is no repository yet, wherever that was', async () => {
    const [from, straight] = [join(folder, `${kind}-dying`), join(folder, `${kind}-dying-straight`)]
    await publish(from, 0, 2)
    const steps = await exported(format, from, straight)
    for (let failing = 1; failing <= steps; failing += 1) {
      const to = join(folder, `${kind}-dying-${failing}`)
      const target = fileStorage(to)
      let copies = 0
      const dying: Storage = {
        ...target,
        async copy(source, path, options) {
          copies += 1
          if (copies >= failing) throw new Error('died')
          return target.copy(source, path, options)
        },
      }
      await expect(exported(format, from, dying)).rejects.toThrow('died')
      const isThere = async (): Promise<boolean> =>
        (await target.head(kind === 'apt' ? 'dists/stable/InRelease' : 'repodata/repomd.xml')) !== undefined
      expect(await isThere()).toBe(false)

      expect(await exported(format, from, target)).toBe(steps)
      expect(await apt.treeOf(to)).toEqual(await apt.treeOf(straight))
    }
  })
})
