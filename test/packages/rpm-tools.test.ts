import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PackageSpec, Relation } from '../../src/packages/package-spec.ts'
import { readRpmHeader } from '../../src/packages/rpm/read.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { rpmVersion } from '../../src/packages/rpm/version.ts'
import { compareRpmVersions } from '../../src/packages/version-order.ts'
import { generateKey } from '../../src/signing/openpgp/generate-key.ts'
import { openpgpSigner } from '../../src/signing/openpgp/signer.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { mustRun, runCommand } from '../clients/command.ts'
import { buildRpms, signRpms } from '../clients/rpmbuild.ts'
import { noRelations, plainSpec, Sample } from './rpm-sample.ts'

let sample: Sample
let spec: PackageSpec

const keyDate = new Date('2024-01-01T00:00:00Z')
const now = new Date('2026-11-20T00:00:00Z')

beforeAll(async () => {
  sample = await Sample.create()
  spec = await serviceSpec()
})
afterAll(() => sample.remove())

describe.each([
  ['rsa4096', 268],
  ['ed25519', 267],
] as const)('signed with %s', (algorithm, tag) => {
  let signer: Signer
  let database: readonly string[]
  let signed: string

  beforeAll(async () => {
    signer = await signerWith(algorithm)
    database = ['--dbpath', sample.path(`db-${algorithm}`)]
    const keyFile = sample.path(`${algorithm}.asc`)
    await writeFile(keyFile, signer.publicKeyArmored)
    await mustRun('rpmkeys', [...database, '--import', keyFile])
    signed = sample.path(`signed-${algorithm}.rpm`)
    await rpm.build(spec, { outputPath: signed, signer })
  })

  test('rpm -Kv finds signature and digests good, and nothing else', async () => {
    const report = await mustRun('rpmkeys', [...database, '-Kv', signed])

    const keyId = signer.fingerprint.slice(-16).toLowerCase()
    const name = algorithm === 'rsa4096' ? 'RSA/SHA512' : 'EdDSA/SHA512'
    expect(
      report
        .split('\n')
        .slice(1, -1)
        .map((line) => line.trim().replace(/SHA(256|512), key/, 'SHA512, key')),
    ).toEqual([
      `Header V4 ${name} Signature, key ID ${keyId.slice(-8)}: OK`,
      'Header SHA256 digest: OK',
      'Header SHA1 digest: OK',
      'Payload SHA256 digest: OK',
    ])
  })

  test('it passes where every package must be signed, and an unsigned one does not', async () => {
    const unsigned = sample.path(`unsigned-${algorithm}.rpm`)
    await rpm.build(spec, { outputPath: unsigned })
    const strict = [...database, '--define', '_pkgverify_level all', '-K']

    expect((await runCommand('rpmkeys', [...strict, signed])).status).toBe(0)
    const refused = await runCommand('rpmkeys', [...strict, unsigned])
    expect(refused.status).not.toBe(0)
    expect(refused.stdout).toContain('NOT OK')
  })

  test('one other byte in header or payload is found', async () => {
    const bytes = await readFile(signed)
    for (const offset of [4200, bytes.length - 20]) {
      const changed = Buffer.from(bytes)
      changed[offset] = (changed[offset] ?? 0) ^ 1
      const path = sample.path('changed.rpm')
      await writeFile(path, changed)

      expect((await runCommand('rpmkeys', [...database, '-K', path])).status).not.toBe(0)
      await expect(rpm.read(path)).rejects.toMatchObject({ name: 'UserError' })
    }
  })

  test('reading says who signed', async () => {
    expect(await rpm.read(signed)).toMatchObject({ name: 'hello', signedBy: signer.fingerprint })
    expect(await tagsOf(signed)).toContain(tag)
  })

  test('the same key and spec give the same bytes', async () => {
    const again = sample.path('again.rpm')
    await rpm.build(spec, { outputPath: again, signer })

    expect((await readFile(again)).equals(await readFile(signed))).toBe(true)
  })
})

test('rpmlint has no errors, and no warnings about anything that we decide', async () => {
  const signer = await signerWith('ed25519')
  const path = sample.path(rpm.fileName(spec))
  await rpm.build(spec, { outputPath: path, signer })
  // rpmlint looks for the key in the database that the macros name.
  await writeFile(sample.path('.rpmmacros'), `%_dbpath ${sample.path('db-rpmlint')}\n`)
  await writeFile(sample.path('key.asc'), signer.publicKeyArmored)
  const environment = { HOME: sample.folder }
  await mustRun('rpmkeys', ['--import', sample.path('key.asc')], { environment })

  const { stdout } = await runCommand('rpmlint', [path], { environment })

  expect(stdout.split('\n').filter((line) => /: [EW]: /.test(line))).toEqual([
    'hello.noarch: W: only-non-binary-in-usr-lib',
    'hello.noarch: W: no-manual-page-for-binary hello',
    'hello.noarch: W: no-manual-page-for-binary hi',
    // The list of licences in Debian's rpmlint is older than SPDX.
    'hello.noarch: W: invalid-license Apache-2.0',
  ])
})

test('createrepo_c indexes the package with its header range, files, dependencies and changelog', async () => {
  const folder = sample.path('repository')
  await mkdir(folder)
  await rpm.build(spec, { outputPath: sample.path('repository', rpm.fileName(spec)) })

  await mustRun('createrepo_c', ['--no-database', '--simple-md-filenames', folder])
  const primary = await mustRun('zcat', [sample.path('repository/repodata/primary.xml.gz')])
  const other = await mustRun('zcat', [sample.path('repository/repodata/other.xml.gz')])
  const filelists = await mustRun('zcat', [sample.path('repository/repodata/filelists.xml.gz')])

  expect(primary).toContain('<version epoch="0" ver="1.5.0" rel="1"/>')
  expect(primary).toMatch(/<rpm:header-range start="4096" end="\d+"\/>/)
  expect(primary).toContain('<rpm:entry name="bash" flags="GE" epoch="0" ver="4"/>')
  expect(primary).toContain('<rpm:entry name="(less or more)"/>')
  expect(primary).toContain('<rpm:buildhost>reproducible</rpm:buildhost>')
  expect(filelists).toContain('<file type="dir">/usr/share/hello</file>')
  expect(other).toContain('author="Release Team &lt;release@example.org&gt; - 1.5.0-1"')
})

test.each(['gzip', 'xz', 'zstd', 'none'] as const)(
  'rpm2cpio and cpio unpack a payload with %s',
  async (kind) => {
    const path = sample.path(`${kind}.rpm`)
    await rpm.build({ ...spec, compression: { kind, level: kind === 'none' ? 0 : 5 } }, { outputPath: path })
    const target = sample.path(`unpacked-${kind}`)
    await mkdir(target)

    await mustRun('sh', ['-c', `rpm2cpio ${path} | (cd ${target} && cpio -idm --quiet)`])

    for (const entry of spec.contents) {
      if (entry.type !== 'file') continue
      expect(await readFile(`${target}${entry.path}`, 'utf8')).toBe(await readFile(entry.source, 'utf8'))
    }
    expect(await mustRun('readlink', [`${target}/usr/bin/hi`])).toBe('hello\n')
  },
)

test('rpmsign replaces the signature in place', async () => {
  const { path, home } = await gpgKey()
  const before = sample.path('rpmsign.rpm')
  await rpm.build(spec, { outputPath: before, signer: await signerWith('ed25519') })
  const payloadStart = (await readFile(before)).length

  const defines = [
    '--define',
    `_gpg_path ${home}`,
    '--define',
    '_gpg_name sign@example.org',
    '--define',
    '__gpg /usr/bin/gpg',
  ]
  await mustRun('rpmsign', [...defines, '--addsign', before])
  const database = ['--dbpath', sample.path('db-rpmsign')]
  await mustRun('rpmkeys', [...database, '--import', path])

  expect(await mustRun('rpmkeys', [...database, '-K', before])).toContain('digests signatures OK')
  // rpmsign uses the reserved space, so nothing has moved.
  expect((await readFile(before)).length).toBe(payloadStart)
})

test('we read what rpmbuild makes of hard links, and what rpmsign makes of a signature', async () => {
  const [path = ''] = await buildRpms(sample.path('links'), hardLinks)
  const { path: keyFile, home } = await gpgKey('links')
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(
    await mustRun('gpg', ['--with-colons', '--show-keys', keyFile]),
  )?.[1]

  await signRpms([path], home, fingerprint ?? 'no key')

  expect(await rpm.read(path)).toMatchObject({
    signedBy: fingerprint,
    files: [
      { path: '/usr/share/links/a', sizeBytes: 6 },
      { path: '/usr/share/links/b', sizeBytes: 6 },
      { path: '/usr/share/links/c', sizeBytes: 6 },
    ],
  })
})

const hardLinks = `Name: links
Version: 1
Release: 1
Summary: links
License: MIT
BuildArch: noarch
%description
Links.
%install
mkdir -p %{buildroot}/usr/share/links
cd %{buildroot}/usr/share/links
echo hello > a
ln a b
ln a c
%files
/usr/share/links/*
`

test('versions of one release series sort as rpm sorts them', async () => {
  const declared = [
    '1.5.0-alpha',
    '1.5.0-beta.2',
    '1.5.0-rc.1',
    '1.5.0',
    '1.5.0+git.1',
    '1.5.1',
    '1.10.0',
    '2.0.0-rc.1',
  ]
  const versions = declared.map(
    (text) => rpmVersion({ epoch: 0, declared: text, build: '1', scheme: 'standard' }).version,
  )

  for (const [index, version] of versions.entries()) {
    const next = versions[index + 1]
    if (next === undefined) continue
    const byRpm = await mustRun('rpm', ['--eval', `%{lua:print(rpm.vercmp("${version}", "${next}"))}`])
    expect({ version, next, byRpm: Number(byRpm) }).toEqual({ version, next, byRpm: -1 })
    expect(compareRpmVersions(version, next)).toBe(-1)
  }
})

test('a file over 4 GiB is written in the form with 64-bit sizes, and rpm agrees with every digest', async () => {
  const size = 2 ** 32 + 12_345
  const source = sample.path('huge')
  await mustRun('truncate', ['-s', String(size), source])
  // Of this many zero bytes; to hash them here would only take time.
  const digest = 'sha256:59ead87e2e32370612861365e7dcf1543fb29afaa0b29432c37eab5373fed514'
  const path = sample.path('huge.rpm')
  const huge: PackageSpec = {
    ...spec,
    name: 'huge',
    systemd: [],
    contents: [
      {
        type: 'file',
        path: '/usr/share/huge/z-huge',
        source,
        sizeBytes: size,
        digest,
        mode: 0o644,
        role: 'plain',
        owner: 'root',
        group: 'root',
      },
      await sample.file('/usr/share/huge/a-small', 'small\n'),
    ],
    compression: { kind: 'zstd', level: 1 },
  }

  await rpm.build(huge, { outputPath: path })

  expect(await mustRun('rpmkeys', ['-K', path])).toContain('digests OK')
  expect(await mustRun('rpm', ['-qp', '--qf', '[%{LONGFILESIZES} ]%{LONGSIZE}', path])).toBe(
    `6 ${size} ${size + 6}`,
  )
  expect(await mustRun('rpm', ['-qp', '--requires', path])).toContain('rpmlib(LargeFiles) <= 4.12.0-1')
  expect(
    await mustRun('sh', [
      '-c',
      `rpm2archive -n - < ${path} | tar -xO --occurrence=1 ./usr/share/huge/a-small`,
    ]),
  ).toBe('small\n')
}, 240_000)

async function signerWith(algorithm: 'rsa4096' | 'ed25519'): Promise<Signer> {
  const key = await generateKey({ userId: 'Release Team <release@example.org>', algorithm, date: keyDate })
  return openpgpSigner({ key: key.privateKeyArmored, now })
}

async function tagsOf(path: string): Promise<readonly number[]> {
  return (await readRpmHeader(path)).signature.tags
}

async function gpgKey(name = 'rpmsign'): Promise<{ path: string; home: string }> {
  const home = sample.path(`g-${name}`)
  await mkdir(home, { mode: 0o700 })
  const gpg = ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '']
  await mustRun('gpg', [
    ...gpg,
    '--quick-generate-key',
    'Sign <sign@example.org>',
    'rsa2048',
    'sign',
    'never',
  ])
  const path = sample.path(`${name}.asc`)
  await writeFile(path, await mustRun('gpg', [...gpg, '--armor', '--export']))
  return { path, home }
}

const alternatives: readonly Relation[] = [{ name: 'less' }, { name: 'more' }]

async function serviceSpec(): Promise<PackageSpec> {
  return {
    ...plainSpec,
    relations: {
      ...noRelations,
      depends: [[{ name: 'bash', operator: '>=', version: '4' }]],
      recommends: [alternatives],
    },
    contents: [
      await sample.file('/etc/hello/hello.conf', 'greeting=hello\n', { role: 'config-noreplace' }),
      await sample.file('/usr/bin/hello', '#!/bin/sh\necho hello\n', { mode: 0o755 }),
      { type: 'symlink', path: '/usr/bin/hi', target: 'hello', owner: 'root', group: 'root' },
      await sample.file('/usr/lib/systemd/system/hello.service', '[Service]\nExecStart=/usr/bin/hello\n'),
      await sample.file('/usr/share/doc/hello/README', 'Read me.\n', { role: 'doc' }),
      { type: 'directory', path: '/usr/share/hello', mode: 0o755, owner: 'root', group: 'root' },
      await sample.file('/usr/share/licenses/hello/LICENSE', 'Apache\n', { role: 'license' }),
    ],
    systemd: [{ unit: 'hello.service', enable: true, start: true, restartAfterUpgrade: true }],
    changelog: [
      {
        version: '1.5.0-1',
        author: 'Release Team <release@example.org>',
        date: 1_790_000_000,
        changes: ['Greets everybody'],
      },
    ],
  }
}
