import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { mustRun, runCommand } from '../clients/command.ts'
import { buildRpms, plainSpec } from '../clients/rpmbuild.ts'
import { failureTextOf } from './failure.ts'
import { changes, repackage, words } from './repackage.ts'
import { dockerRpms } from './upstream-docker.ts'

let folder: string
let engine: string
let selinux: string
let output: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-repackage-'))
  ;({ engine, selinux } = await dockerRpms(folder))
  output = join(folder, 'output.rpm')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const query = (path: string, ...args: string[]): Promise<string> => mustRun('rpm', ['-qp', ...args, path])
const lines = async (path: string, ...args: string[]): Promise<string[]> =>
  (await query(path, ...args)).trimEnd().split('\n')

const fileFormat =
  '[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEFLAGS:fflags} %{FILELINKTOS} %{FILEMTIMES} %{FILEDIGESTS} %{FILEVERIFYFLAGS}\n]'

describe('an rpm under another name', () => {
  test('has the files of the original, with modes, owners, kinds, times and digests', async () => {
    expect(await repackage(rpm, [engine], output)).toBe(
      'kismatic-docker-engine-1.11.2-1.el7.centos.x86_64.rpm',
    )

    expect(await query(output, '--queryformat', fileFormat)).toBe(
      await query(engine, '--queryformat', fileFormat),
    )
    expect(await mustRun('rpm', ['-K', '--nosignature', output])).toContain('digests OK')
  })

  test('has its scripts, changelog and words', async () => {
    await repackage(rpm, [engine], output)

    for (const what of ['--scripts', '--changelog'])
      expect(await query(output, what)).toBe(await query(engine, what))
    const info = '%{SUMMARY}|%{DESCRIPTION}|%{LICENSE}|%{VENDOR}|%{PACKAGER}|%{URL}|%{GROUP}|%{SOURCERPM}'
    expect(await query(output, '--queryformat', info)).toBe(await query(engine, '--queryformat', info))
  })

  test('has its relations, but for those of its old name', async () => {
    await repackage(rpm, [engine], output)

    for (const what of ['--conflicts', '--obsoletes'])
      expect(await query(output, what)).toBe(await query(engine, what))
    expect(await lines(output, '--provides')).toEqual([
      'config(kismatic-docker-engine) = 1.11.2-1.el7.centos',
      'kismatic-docker-engine = 1.11.2-1.el7.centos',
      'kismatic-docker-engine(x86-64) = 1.11.2-1.el7.centos',
      'lxc-docker = 1.11.2',
    ])
    const theirs = await lines(engine, '--requires')
    const renamed = theirs.map((line) =>
      line.replace('config(docker-engine)', 'config(kismatic-docker-engine)'),
    )
    const isFeature = (line: string): boolean => line.startsWith('rpmlib(')
    expect((await lines(output, '--requires')).filter((line) => !isFeature(line)).sort()).toEqual(
      renamed.filter((line) => !isFeature(line)).sort(),
    )
  })

  test('says what is said anew and adds relations', async () => {
    const version = { epoch: 2, declared: '1.11.3', build: '7', scheme: 'standard' }
    const name = await repackage(rpm, [engine], output, { ...words, version })

    expect(name).toBe('kismatic-docker-engine-1.11.3-7.x86_64.rpm')
    const info =
      '%{NAME}|%{EVR}|%{ARCH}|%{SUMMARY}|%{LICENSE}|%{VENDOR}|%{PACKAGER}|%{URL}|%{BUILDTIME}|%{BUILDHOST}'
    expect(await query(output, '--queryformat', info)).toBe(
      `kismatic-docker-engine|2:1.11.3-7|x86_64|Docker and its dependencies|Apache Software License 2.0|Apprenda|Apprenda <info@apprenda.com>|https://apprenda.com/kismatic|${await query(engine, '--queryformat', '%{BUILDTIME}')}|reproducible`,
    )
    expect(await lines(output, '--requires')).toContain('bridge-utils')
    expect(await lines(output, '--provides')).toContain('docker-engine = 1.11.2')
    expect(await lines(output, '--conflicts')).toContain('docker-engine')
  })
})

describe('two rpms as one', () => {
  test('have the files of both', async () => {
    await repackage(rpm, [engine, selinux], output)

    const both = [...(await lines(engine, '--list')), ...(await lines(selinux, '--list'))]
    expect(await lines(output, '--list')).toEqual([...new Set(both)].sort())
    expect(await query(output, '--queryformat', '%{NAME} %{EVR} %{ARCH} %{SUMMARY}')).toBe(
      'kismatic-docker-engine 1.11.2-1.el7.centos x86_64 The open-source application container engine',
    )
  })

  test('need nothing of each other any more, and everything else of both', async () => {
    await repackage(rpm, [engine, selinux], output)

    const requires = await lines(output, '--requires')
    expect(requires.filter((line) => line.includes('docker-engine'))).toEqual([
      'config(kismatic-docker-engine) = 1.11.2-1.el7.centos',
    ])
    expect(requires).toEqual(
      expect.arrayContaining(['iptables', 'libselinux-utils', 'shadow-utils', '/sbin/ldconfig']),
    )
    expect(await lines(output, '--provides')).toEqual(
      expect.arrayContaining(['lxc-docker = 1.11.2', 'docker-selinux = 1.11.2']),
    )
  })

  test('install, verify and leave; the scripts of the one that is needed run first, and last when they go', async () => {
    await repackage(rpm, [engine, selinux], output, words)
    const root = await mkdtemp(join(folder, 'root-'))
    await makeRoot(root)
    const inRoot = (...args: string[]) => runCommand('rpm', ['--root', root, '--nodeps', ...args])

    expect(await inRoot('-i', output)).toMatchObject({ status: 0 })
    expect(await inRoot('-V', 'kismatic-docker-engine')).toMatchObject({ status: 0, stdout: '' })
    await inRoot('-e', 'kismatic-docker-engine')

    expect((await readFile(join(root, 'log'), 'utf8')).trimEnd().split('\n')).toEqual([
      'engine pre 1',
      'selinux post 1',
      'engine post 1',
      'engine preun 0',
      'selinux preun 0',
    ])
  })

  test('keep a script that is a program alone', async () => {
    await repackage(rpm, [engine, selinux], output)

    expect(await query(output, '--queryformat', '%{POSTTRANSPROG} %{POSTTRANS}')).toBe(
      '/sbin/ldconfig (none)',
    )
  })

  test('are the same bytes each time', async () => {
    await repackage(rpm, [engine, selinux], output, words)
    await repackage(rpm, [engine, selinux], join(folder, 'again.rpm'), words)

    expect((await readFile(output)).equals(await readFile(join(folder, 'again.rpm')))).toBe(true)
  })
})

describe('an rpm cannot be made', () => {
  const refused = async (name: string, originals: readonly string[], said = changes) => {
    const text = await failureTextOf(repackage(rpm, originals, output, said))
    await expect(text).toMatchFileSnapshot(`testdata/errors/repackage-rpm-${name}.txt`)
  }

  test('of one for another machine', () =>
    refused('architecture', [engine], { ...changes, architecture: 'arm64' }))

  test('of a source package', async () => {
    const built = await buildRpms(join(folder, 'source'), plainSpec('hello', '1.0'))
    await refused('source', [built.find((path) => path.endsWith('.src.rpm')) ?? ''])
  })

  test('of two that have a path with other contents', async () => {
    const [one] = await buildRpms(join(folder, 'one'), plainSpec('hello', '1.0'))
    const other = plainSpec('greet', '2.0').replaceAll('/usr/share/greet', '/usr/share/hello')
    const [two] = await buildRpms(join(folder, 'two'), other)
    await refused('conflict', [one ?? '', two ?? ''], { ...changes, architecture: 'all' })
  })

  test('of two whose scripts are of different languages', async () => {
    const script = (name: string, text: string) =>
      plainSpec(name, '1.0').replace('%files', `%post ${text}\n%files`)
    const [shell] = await buildRpms(join(folder, 'shell'), script('shell', '\necho hello'))
    const [lua] = await buildRpms(join(folder, 'lua'), script('lua', '-p <lua>\nprint("hello")'))
    await refused('scripts', [shell ?? '', lua ?? ''], { ...changes, architecture: 'all' })
  })

  test('of two that both have triggers', async () => {
    const triggering = (name: string) =>
      plainSpec(name, '1.0').replace('%files', `%triggerin -- other\necho ${name}\n%files`)
    const [one] = await buildRpms(join(folder, 'trigger-one'), triggering('one'))
    const [two] = await buildRpms(join(folder, 'trigger-two'), triggering('two'))
    await refused('triggers', [one ?? '', two ?? ''], { ...changes, architecture: 'all' })
  })
})

async function makeRoot(root: string): Promise<void> {
  const libraries = (await mustRun('ldd', ['/bin/sh'])).match(/\/[^ \n]+/g) ?? []
  for (const file of ['/bin/sh', ...libraries]) {
    await mkdir(join(root, dirname(file)), { recursive: true })
    await copyFile(file, join(root, file))
  }
  // Stands in for ldconfig, which has nothing to do here.
  await mkdir(join(root, 'sbin'), { recursive: true })
  await copyFile('/bin/true', join(root, 'sbin/ldconfig'))
}
