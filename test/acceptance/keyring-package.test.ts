import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPublicKeys } from '../../src/signing/openpgp/public-keys.ts'
import { mustRun, runCommand } from '../clients/command.ts'
import { commit, emptyProject, newKey, type TestProject } from './project.ts'

const hawserYaml = `project: greet
keys:
  first: { openpgp: { key: 'file:.hawser/keys/first.asc' } }
  second: { openpgp: { key: 'file:.hawser/keys/second.asc' } }
packages:
  greet-archive-keyring:
    maintainer: Release Team <release@example.org>
    license: MIT
    sign: first
    keyring: { repositories: [debian, fedora] }
  greet-apt-source:
    maintainer: Release Team <release@example.org>
    license: MIT
    sign: first
    keyring: { repositories: [debian, fedora], sources: true }
repositories:
  debian:
    apt: { suite: stable }
    storage: { file: { path: repositories/debian } }
    url: https://packages.example.org/debian/
    keys: [first, second]
    acceptedKeys: ['file:keys/third.asc', 'file:keys/first.asc']
  fedora:
    dnf: {}
    storage: { file: { path: repositories/fedora } }
    url: https://packages.example.org/fedora
    keys: [first, second]
    acceptedKeys: ['file:keys/third.asc']
`

let project: TestProject
let folder: string
const fingerprints: string[] = []
const binaries: Uint8Array[] = []
const armored: string[] = []
beforeAll(async () => {
  project = await emptyProject({})
  folder = join(project.root, '..')
  await project.write('.gitignore', '/.hawser/\n/dist/\n')
  for (const name of ['first', 'second', 'third']) {
    const key = await newKey()
    await project.write(`.hawser/keys/${name}.asc`, key)
    for (const { fingerprint, publicKeyArmored, publicKeyBinary } of await openPublicKeys(key)) {
      await project.write(`keys/${name}.asc`, publicKeyArmored)
      fingerprints.push(fingerprint)
      binaries.push(publicKeyBinary)
      armored.push(publicKeyArmored)
    }
  }
  await project.write('hawser.yaml', hawserYaml)
  await commit(project, 'Name keys')
  const { code, stderr } = await project.hawser(['build', '1.0.0'])
  expect(code, stderr).toBe(0)
})
afterAll(() => project.remove())

const dist = (name = '') => join(project.root, 'dist/1.0.0', name)
const packages = async (ending: string) =>
  (await readdir(dist())).filter((name) => name.endsWith(ending)).map(dist)

async function unpacked(name: string): Promise<string> {
  const to = join(folder, name)
  await mkdir(to)
  if (name.endsWith('.deb')) await mustRun('dpkg-deb', ['--extract', dist(name), to])
  else await mustRun('sh', ['-c', 'rpm2cpio "$0" | cpio --quiet -id', dist(name)], { cwd: to })
  return to
}

test('a deb holds the keys that sign and those that are accepted, each once, and apt is told of them', async () => {
  const root = await unpacked('greet-apt-source_1.0.0-1_all.deb')

  expect(await readFile(join(root, 'usr/share/keyrings/debian.gpg'))).toEqual(Buffer.concat(binaries))
  expect(await readFile(join(root, 'etc/apt/sources.list.d/debian.sources'), 'utf8')).toBe(
    [
      'Types: deb',
      'URIs: https://packages.example.org/debian',
      'Suites: stable',
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian.gpg\n',
    ].join('\n'),
  )
  const conffiles = await mustRun('dpkg-deb', [
    '--info',
    dist('greet-apt-source_1.0.0-1_all.deb'),
    'conffiles',
  ])
  expect(conffiles).toBe('/etc/apt/sources.list.d/debian.sources\n')
})

test('an rpm holds one key in a file, the first under its plain name, and dnf is told of them', async () => {
  const root = await unpacked('greet-apt-source-1.0.0-1.noarch.rpm')

  const [, second = '', third = ''] = fingerprints.map((fingerprint) => fingerprint.slice(-8))
  const names = ['RPM-GPG-KEY-fedora', `RPM-GPG-KEY-fedora-${second}`, `RPM-GPG-KEY-fedora-${third}`]
  const keys = await Promise.all(names.map((name) => readFile(join(root, 'etc/pki/rpm-gpg', name), 'utf8')))
  expect(keys).toEqual(armored)
  const repo = await readFile(join(root, 'etc/yum.repos.d/fedora.repo'), 'utf8')
  expect(repo).toContain('baseurl=https://packages.example.org/fedora\n')
  expect(repo).toContain(`gpgkey=${names.map((name) => `file:///etc/pki/rpm-gpg/${name}`).join(' ')}\n`)
})

test('without "sources" it holds keys and nothing else', async () => {
  const list = await mustRun('rpm', ['-qpl', dist('greet-archive-keyring-1.0.0-1.noarch.rpm')])
  expect(list.trim().split('\n')).toHaveLength(3)
  expect(list).not.toContain('/etc/yum.repos.d')
  const root = await unpacked('greet-archive-keyring_1.0.0-1_all.deb')
  expect(await readdir(root)).toEqual(['usr'])
})

test('the same keys give the same bytes elsewhere, and a key more gives others', async () => {
  const copy = await project.copy('elsewhere')
  await mustRun('rm', ['-rf', join(copy.root, 'dist'), join(copy.root, '.hawser/store')])
  expect((await copy.hawser(['build', '1.0.0'])).code).toBe(0)
  const sums = (root: string) => readFile(join(root, 'dist/1.0.0/SHA256SUMS'), 'utf8')
  expect(await sums(copy.root)).toBe(await sums(project.root))

  const [extra = ''] = (await openPublicKeys(await newKey())).map((key) => key.publicKeyArmored)
  await copy.write('keys/third.asc', `${armored[2]}${extra}`)
  expect((await copy.hawser(['build', '1.0.0'])).code).toBe(0)
  expect(await sums(copy.root)).not.toBe(await sums(project.root))
})

test('an accepted key that is missing or no key is told with where it is named', async () => {
  const copy = await project.copy('broken')
  await copy.write('keys/third.asc', 'no key\n')
  const broken = await copy.hawser(['build', '1.0.0'])
  await mustRun('rm', [join(copy.root, 'keys/third.asc')])
  const missing = await copy.hawser(['check'])

  expect(broken.code).toBe(2)
  await expect(broken.stderr.slice(broken.stderr.indexOf('ACCEPTED_KEY'))).toMatchFileSnapshot(
    'testdata/errors/accepted-key-broken.txt',
  )
  expect(missing.code).toBe(2)
  await expect(missing.stdout + missing.stderr).toMatchFileSnapshot(
    'testdata/errors/accepted-key-missing.txt',
  )
})

test('lintian and rpmlint find no error', async () => {
  const lintian = await runCommand('lintian', [
    '--allow-root',
    '--tag-display-limit',
    '0',
    ...(await packages('.deb')),
  ])
  expect(lintian.stdout.split('\n').filter((line) => line.startsWith('E: '))).toEqual([])

  const home = join(folder, 'rpm-home')
  await mkdir(home)
  await writeFile(join(home, '.rpmmacros'), `%_dbpath ${join(home, 'db')}\n`)
  const environment = { HOME: home }
  await mustRun('rpmkeys', ['--import', join(project.root, 'keys/first.asc')], { environment })
  const rpmlint = await runCommand('rpmlint', await packages('.rpm'), { environment })
  expect(rpmlint.stdout).toContain('2 packages')
  expect(rpmlint.stdout.split('\n').filter((line) => line.includes(': E: '))).toEqual([])
})
