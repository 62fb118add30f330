import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deb } from '../../src/packages/deb/deb.ts'
import { readDeb, readDebControl, readDebFiles } from '../../src/packages/deb/read.ts'
import type { PackageSpec } from '../../src/packages/package-spec.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { fullSpec, plainSpec, scratchFolder, sourceFile } from './deb-fixture.ts'

const kinds = ['gzip', 'xz', 'zstd', 'none'] as const
const scratch = scratchFolder()
const spec = fullSpec(scratch.path)
const packagePath = (kind: string): string => join(scratch.path, `full-${kind}.deb`)

beforeAll(async () => {
  for (const kind of kinds) {
    await deb.build(
      { ...spec, compression: { kind, level: kind === 'none' ? 0 : 6 } },
      { outputPath: packagePath(kind) },
    )
  }
})

afterAll(scratch.remove)

describe.each(kinds)('a package with %s', (kind) => {
  test('is listed by dpkg-deb with the declared files, modes, owners and links', () => {
    const list = run('dpkg-deb', '-c', packagePath(kind))

    const lines = list
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +\d+ \d{4}-\d\d-\d\d \d\d:\d\d /, ' '))
    expect(lines[0]).toBe('drwxr-xr-x root/root ./')
    expect(lines).toContain('-rwxr-xr-x root/root ./usr/bin/hello-hawser')
    expect(lines).toContain('-rw-r----- root/adm ./usr/share/hello-hawser/secret')
    expect(lines).toContain('drwxr-x--- www-data/www-data ./var/lib/hello-hawser/')
    expect(lines).toContain('lrwxrwxrwx root/root ./usr/share/hello-hawser/current -> secret')
    expect(lines.join('\n')).not.toContain('hello-hawser.log')
    // The root, 9 declared entries but the ghost, their 20 parents and 2 documents.
    expect(lines).toHaveLength(31)
  })

  test('installs, upgrades to itself, is removed and purged by dpkg, its scripts in order', () => {
    const root = emptyRoot(`root-${kind}`)

    root.dpkg('-i', packagePath(kind))
    const installed = statSync(join(root.path, 'usr/bin/hello-hawser'))
    const enabled = join(root.path, 'etc/systemd/system/multi-user.target.wants/hello-hawser.service')
    expect(installed.mode & 0o7777).toBe(0o755)
    expect(statSync(join(root.path, 'var/lib/hello-hawser')).mode & 0o7777).toBe(0o750)
    expect(
      run('dpkg-query', `--admindir=${root.path}/var/lib/dpkg`, '-W', '-f', '${Status}', 'hello-hawser'),
    ).toBe('install ok installed')
    expect(run('readlink', enabled).trim()).toMatch(/systemd\/system\/hello-hawser.service$/)
    root.dpkg('-i', packagePath(kind))
    root.dpkg('-r', 'hello-hawser')
    expect(readFileSync(join(root.path, 'etc/hello-hawser/hello.conf'), 'utf8')).toBe('greeting = "Hello"\n')
    root.dpkg('-P', 'hello-hawser')

    expect(statSync(join(root.path, 'etc/hello-hawser'), { throwIfNoEntry: false })).toBeUndefined()
    expect(root.scriptCalls()).toEqual([
      'preinst install',
      'postinst configure',
      'prerm upgrade',
      'preinst upgrade',
      'postrm upgrade',
      'postinst configure',
      'prerm remove',
      'postrm remove',
      'postrm purge',
    ])
  })

  test('verifies against its own md5sums after installation', () => {
    const root = emptyRoot(`verify-${kind}`)
    root.dpkg('-i', packagePath(kind))

    expect(run('dpkg', `--root=${root.path}`, '--verify', 'hello-hawser')).toBe('')
  })
})

test('the four compressions hold the same files and control data', async () => {
  const [first, ...others] = await Promise.all(kinds.map((kind) => readDeb(packagePath(kind))))

  for (const other of others) expect(other).toEqual(first)
})

test('lintian finds no error', () => {
  const report = run('lintian', '--allow-root', '--fail-on', 'error', packagePath('gzip'))

  expect(report).not.toMatch(/^E:/m)
})

test('the control file says what dpkg-deb reads, and the digests are those of coreutils', async () => {
  const path = packagePath('xz')
  const control = await readDebControl(path)

  expect(control.text).toBe(run('dpkg-deb', '-I', path, 'control'))
  expect(control.fields.map(([name]) => name)).toEqual(
    run('dpkg-deb', '-f', path)
      .split('\n')
      .filter((line) => /^\S/.test(line))
      .map((line) => line.split(':')[0]),
  )
  for (const [name, tool] of [
    ['md5', 'md5sum'],
    ['sha1', 'sha1sum'],
    ['sha256', 'sha256sum'],
  ] as const) {
    expect(control[name]).toBe(run(tool, path).split(' ')[0])
  }
  expect(control.sizeBytes).toBe(statSync(path).size)
})

describe('beside a package that dpkg-deb builds from the same input', () => {
  const peer = join(scratch.path, 'peer.deb')

  beforeAll(() => buildPeer(spec, peer, packagePath('gzip')))

  test('the files, modes, owners and links are equal', () => {
    expect(listing(packagePath('gzip'))).toEqual(listing(peer))
  })

  test.each(['control', 'md5sums', 'conffiles', 'triggers', 'preinst', 'postinst', 'prerm', 'postrm'])(
    '%s is equal',
    (name) => {
      expect(run('dpkg-deb', '-I', packagePath('gzip'), name)).toBe(run('dpkg-deb', '-I', peer, name))
    },
  )

  test('our reader reads both alike', async () => {
    const [ours, theirs] = await Promise.all([readDebFiles(packagePath('gzip')), readDebFiles(peer)])

    // tar lists a folder in its own order.
    expect([...theirs].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
      [...ours].sort((a, b) => (a.path < b.path ? -1 : 1)),
    )
  })
})

test.each(kinds)('%s: two paths, umasks, time zones and locales give the same bytes', (kind) => {
  const digests = [
    buildElsewhere(kind, 'one', '022', { TZ: 'UTC', LC_ALL: 'C' }),
    buildElsewhere(kind, 'another/and/deeper', '077', {
      TZ: 'Pacific/Auckland',
      LC_ALL: 'tr_TR.UTF-8',
      LANG: 'tr_TR',
    }),
  ]

  expect(digests[0]).toMatch(/^[0-9a-f]{64}$/)
  expect(digests[1]).toBe(digests[0])
})

test('a package of one file and a summary installs, and lintian finds no error', async () => {
  const path = join(scratch.path, 'plain.deb')
  const data = sourceFile(scratch.path, '/usr/share/hello-hawser/data.txt', 'data\n')
  await deb.build({ ...plainSpec, description: '', contents: [data] }, { outputPath: path })
  const root = emptyRoot('plain')

  root.dpkg('-i', path)

  expect(run('lintian', '--allow-root', '--fail-on', 'error', path)).not.toMatch(/^E:/m)
  expect(readFileSync(join(root.path, 'usr/share/doc/hello-hawser/copyright'), 'utf8')).toContain(
    'License: Apache-2.0',
  )
})

test('a declared license text becomes the copyright file, and a declared copyright file stays', async () => {
  const license = 'Permission is granted.\n\nWithout warranty.\n'
  const text = sourceFile(scratch.path, '/usr/share/licenses/hello/LICENSE', license, { role: 'license' })
  const own = sourceFile(scratch.path, '/usr/share/doc/hello-hawser/copyright', 'Ours.\n')
  const path = join(scratch.path, 'license.deb')
  const copyright = (): string =>
    execFileSync(
      'sh',
      ['-c', `dpkg-deb --fsys-tarfile "${path}" | tar -xO ./usr/share/doc/hello-hawser/copyright`],
      {
        encoding: 'utf8',
      },
    )

  await deb.build({ ...plainSpec, license: 'MIT', contents: [text] }, { outputPath: path })
  expect(copyright()).toContain('License: MIT\n Permission is granted.\n .\n Without warranty.\n')
  await deb.build({ ...plainSpec, license: 'MIT', contents: [own, text] }, { outputPath: path })
  expect(copyright()).toBe('Ours.\n')
})

test('an embedded signature covers the three members and does not disturb dpkg', async () => {
  const path = join(scratch.path, 'signed.deb')
  const signed: Uint8Array[] = []
  // The least OpenPGP packet that names a key: a v4 signature with the issuer's fingerprint.
  const packet = Buffer.from('c21e040016080018162104aabbccddeeff00112233445566778899aabbccdd', 'hex')
  const signer = {
    signDetached: async (data: Uint8Array) => {
      signed.push(data)
      return packet
    },
  } satisfies Partial<Signer>

  await deb.build(spec, { outputPath: path, signer: signer as unknown as Signer }) // only signDetached is called

  const members = run('ar', 't', path).trim().split('\n')
  expect(members).toEqual(['debian-binary', 'control.tar.gz', 'data.tar.gz', '_gpgorigin'])
  const three = members.slice(0, 3).map((member) => execFileSync('ar', ['p', path, member]))
  expect(Buffer.concat(three).equals(signed[0] ?? new Uint8Array(0))).toBe(true)
  emptyRoot('signed').dpkg('-i', path)
  expect((await deb.read(path)).signedBy).toBe('AABBCCDDEEFF00112233445566778899AABBCCDD')
})

const run = (command: string, ...words: string[]): string =>
  execFileSync(command, words, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  })

function listing(path: string): string[] {
  return run('dpkg-deb', '-c', path).trimEnd().split('\n').sort()
}

/** A root file system with a dpkg database and nothing else; scripts run outside of it and know it as DPKG_ROOT. */
function emptyRoot(name: string) {
  const path = join(scratch.path, name)
  for (const folder of [
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/lib/dpkg/triggers',
    'etc',
    'usr/bin',
  ]) {
    mkdirSync(join(path, folder), { recursive: true })
  }
  for (const file of ['status', 'available']) writeFileSync(join(path, 'var/lib/dpkg', file), '')
  const log = join(scratch.path, `${name}.calls`)
  writeFileSync(log, '')
  const options = [`--root=${path}`, '--force-script-chrootless', '--force-depends', '--log=/dev/null']
  return {
    path,
    dpkg: (...words: string[]) => {
      execFileSync('dpkg', [...options, ...words], {
        env: { PATH: process.env['PATH'], LC_ALL: 'C', HELLO_LOG: log },
        stdio: 'pipe',
      })
    },
    scriptCalls: () => readFileSync(log, 'utf8').trimEnd().split('\n'),
  }
}

/** What a packager does by hand with dpkg-deb: a tree and DEBIAN/, here with the texts that ours has. */
function buildPeer(of: PackageSpec, path: string, ours: string): void {
  const tree = join(scratch.path, 'peer-tree')
  for (const entry of of.contents) {
    if (entry.type === 'ghost') continue
    const target = join(tree, entry.path)
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 })
    if (entry.type === 'directory') mkdirSync(target, { mode: entry.mode })
    if (entry.type === 'symlink') run('ln', '-s', entry.target, target)
    if (entry.type === 'file') cpSync(entry.source, target)
    if (entry.type === 'file' || entry.type === 'directory') {
      chmodSync(target, entry.mode)
      run('chown', `${entry.owner}:${entry.group}`, target)
      chmodSync(target, entry.mode)
    }
  }
  const documents = join(scratch.path, 'ours-tree')
  run('dpkg-deb', '-x', ours, documents)
  cpSync(join(documents, 'usr/share/doc'), join(tree, 'usr/share/doc'), { recursive: true })
  const control = join(tree, 'DEBIAN')
  mkdirSync(control, { mode: 0o755 })
  writeFileSync(join(control, 'control'), peerControl)
  writeFileSync(join(control, 'conffiles'), '/etc/hello-hawser/hello.conf\n')
  writeFileSync(join(control, 'triggers'), 'activate-noawait /usr/share/hello-hawser\n')
  const sums = `find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\\n' | LC_ALL=C sort | xargs md5sum > DEBIAN/md5sums`
  execFileSync('sh', ['-c', sums], { cwd: tree })
  for (const name of ['preinst', 'postinst', 'prerm', 'postrm']) {
    writeFileSync(
      join(control, name),
      readFileSync(join(import.meta.dirname, 'testdata/deb-scripts', name)),
      { mode: 0o755 },
    )
  }
  execFileSync('dpkg-deb', ['-Zgzip', '-b', tree, path], {
    env: { PATH: process.env['PATH'], SOURCE_DATE_EPOCH: String(of.epoch) },
  })
}

const peerControl = `Package: hello-hawser
Version: 1.2.3-1
Architecture: all
Maintainer: Release Team <release@example.org>
Installed-Size: 31
Depends: libc6 (>= 2.17) | musl, adduser
Recommends: bash-completion
Conflicts: hello-traditional (<< 2.0.0~rc.1)
Provides: greeter (= 1.2.3)
Section: utils
Priority: optional
Homepage: https://example.org/hello
Vendor: Example
License: Apache-2.0
Multi-Arch: foreign
Description: friendly greeting for release engineers
 Prints a greeting to everybody who types its name.
 .
 It has no other purpose, and does it well.
`

function buildElsewhere(kind: string, folder: string, umask: string, env: Record<string, string>): string {
  const path = join(scratch.path, folder, kind)
  mkdirSync(path, { recursive: true })
  const script = join(import.meta.dirname, 'deb-build-process.ts')
  execFileSync('sh', ['-c', `umask ${umask}; exec "$0" "$@"`, process.execPath, script, path, kind], {
    env: { PATH: process.env['PATH'], ...env },
  })
  return run('sha256sum', join(path, 'package.deb')).split(' ')[0] ?? ''
}
