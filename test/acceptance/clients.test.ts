import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AptClient } from '../clients/apt.ts'
import { mustRun, runCommand } from '../clients/command.ts'
import { DnfClient } from '../clients/dnf.ts'
import { type TestProject, version } from './project.ts'
import { quickstartProject, seedSources } from './quickstart.ts'

let project: TestProject
let packages: readonly string[]
let dnf: DnfClient | undefined

beforeAll(async () => {
  project = await quickstartProject()
  await seedSources(project)
  const { code, stderr } = await project.hawser(['release', version, '--yes'])
  expect(`${code} ${stderr}`).toMatch(/^0 /)
  const dist = join(project.root, 'dist', version)
  packages = (await readdir(dist)).map((name) => join(dist, name))
}, 600_000)
afterAll(async () => {
  await dnf?.remove()
  await project.remove()
})

const published = (...parts: readonly string[]) => join(project.root, '.hawser/repositories', ...parts)
const scratch = async (name: string): Promise<string> => {
  const folder = join(project.root, '..', name)
  await mkdir(folder)
  return folder
}
const ending = (extension: string) => packages.filter((path) => path.endsWith(extension))

/** A package that stands for what the distribution has. */
const gitStanza = `Package: git
Status: install ok installed
Version: 1:2.39.5-0
Architecture: amd64
Maintainer: Nobody <nobody@example.org>
Description: stands for the distribution's git
`

describe('a released quickstart', () => {
  test('is installed, run and removed by apt, with the files that were published for it', async () => {
    const apt = await AptClient.create(await scratch('apt'))
    await apt.useSources(
      await readFile(published('debian/debian.sources'), 'utf8'),
      await readFile(published('debian/debian.gpg')),
    )
    await writeFile(apt.root('var/lib/dpkg/status'), gitStanza)
    expect(await apt.get('update')).toMatchObject({ status: 0 })
    expect(await apt.available()).toEqual([
      'quickstart-esbuild 0.28.2-1 amd64',
      'quickstart-lefthook 2.2.2-1 amd64',
    ])

    const install = await apt.get('install', 'quickstart-esbuild', 'quickstart-lefthook')

    expect(install.status, install.stderr).toBe(0)
    const says = await mustRun(apt.root('usr/bin/quickstart-esbuild'), ['--version'])
    expect(says.trim()).toBe('0.28.2')
    expect(await mustRun(apt.root('usr/bin/quickstart-lefthook'), ['version'])).toContain('2.2.2')
    expect(await readdir(apt.root('usr/share/man/man1'))).toEqual([
      'quickstart-esbuild.1.gz',
      'quickstart-lefthook.1.gz',
    ])
    expect((await apt.get('purge', 'quickstart-esbuild', 'quickstart-lefthook')).status).toBe(0)
    expect(await readdir(apt.root('usr/bin')).catch(() => [])).toEqual([])
  })

  test('is refused by apt with the key of somebody else', async () => {
    const apt = await AptClient.create(await scratch('apt-refusing'))
    const other = await quickstartProject()
    const sources = await readFile(published('debian/debian.sources'), 'utf8')
    expect((await other.hawser(['repo', 'init', 'debian'])).code).toBe(0)
    const foreign = join(other.root, '.hawser/repositories/debian/debian.gpg')
    await apt.useSources(sources, await readFile(foreign))
    await other.remove()

    const { status, stderr } = await apt.get('update')

    expect(status).not.toBe(0)
    expect(stderr).toMatch(/NO_PUBKEY|not signed|not available/)
  })

  test('is installed and run by dnf with all signatures checked, with the file that was published for it', async () => {
    dnf = await DnfClient.create(await scratch('dnf'), { id: 'q', baseUrl: 'file:///nowhere', keyUrls: [] })
    const repo = await readFile(published('fedora/fedora.repo'), 'utf8')
    expect(repo).toMatch(/^gpgcheck=1$/m)
    expect(repo).toMatch(/^repo_gpgcheck=1$/m)
    await dnf.useRepoFile(repo)

    const install = await dnf.run('install', 'quickstart-esbuild')

    expect(`${install.stdout}${install.stderr}`).toContain('Complete!')
    const says = await mustRun(dnf.root('usr/bin/quickstart-esbuild'), ['--version'])
    expect(says.trim()).toBe('0.28.2')
    const needs = await dnf.run('repoquery', '--requires', 'quickstart-lefthook')
    expect(needs.stdout.split('\n')).toContain('git')
    expect((await dnf.run('remove', 'quickstart-esbuild')).status).toBe(0)
  })

  test('has no errors for lintian', async () => {
    const { stdout } = await runCommand('lintian', ['--tag-display-limit', '0', ...ending('.deb')])

    expect(stdout.split('\n').filter((line) => line.startsWith('E: '))).toEqual([])
    expect(ending('.deb')).toHaveLength(4)
  }, 120_000)

  test('has no errors for rpmlint, apart from what upstream decided', async () => {
    const home = await scratch('rpm')
    await writeFile(join(home, '.rpmmacros'), `%_dbpath ${join(home, 'db')}\n`)
    const environment = { HOME: home }
    await mustRun('rpmkeys', ['--import', published('fedora/RPM-GPG-KEY-fedora')], { environment })

    const { stdout } = await runCommand('rpmlint', ending('.rpm'), { environment })

    const errors = stdout.split('\n').filter((line) => line.includes(': E: '))
    // Upstream links its programs statically.
    expect(errors.filter((line) => !line.includes('statically-linked-binary'))).toEqual([])
    expect(stdout).toContain('4 packages')
    const checked = await mustRun('rpmkeys', ['--checksig', '--verbose', ...ending('.rpm')], { environment })
    expect(checked).not.toMatch(/NOT OK|NOKEY|BAD/)
  })

  test('has checksums that sha256sum and gpgv accept', async () => {
    const dist = join(project.root, 'dist', version)
    const sums = await mustRun('sha256sum', ['--check', 'SHA256SUMS'], { cwd: dist })
    expect(sums.trim().split('\n')).toHaveLength(8)
    expect(sums).not.toContain('FAILED')

    const verified = await runCommand(
      'gpgv',
      ['--keyring', published('debian/debian.gpg'), 'SHA256SUMS.asc', 'SHA256SUMS'],
      { cwd: dist },
    )

    expect(verified.stderr).toContain('Good signature')
    expect(verified.status).toBe(0)
  })

  test('has a tag that git verifies', async () => {
    const home = await scratch('gpg')
    const environment = { HOME: home, GNUPGHOME: home }
    await mustRun('chmod', ['700', home])
    await mustRun('gpg', ['--batch', '--import', published('debian/debian.asc')], { environment })

    const { status, stderr } = await runCommand('git', ['verify-tag', 'v1.0.0'], {
      cwd: project.root,
      environment,
    })

    expect(stderr).toContain('Good signature')
    expect(status).toBe(0)
    await runCommand('gpgconf', ['--kill', 'all'], { environment })
  })
})
