import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PackageSpec } from '../../src/packages/package-spec.ts'
import { type RpmFile, readRpmHeader } from '../../src/packages/rpm/read.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'
import { type HeaderTag, headerTags } from '../../src/packages/rpm/tags.ts'
import { mustRun } from '../clients/command.ts'
import { noRelations, plainSpec, Sample } from './rpm-sample.ts'

let sample: Sample
let ours: string
let theirs: string

beforeAll(async () => {
  sample = await Sample.create()
  const spec = await richSpec(sample)
  expect(rpm.findings(spec)).toEqual([])
  ours = sample.path(rpm.fileName(spec))
  await rpm.build(spec, { outputPath: ours })
  theirs = await runRpmbuild(sample)
})
afterAll(() => sample.remove())

/** What rpmbuild finds out with libmagic and its dependency generators, which Hawser does not have. */
const generated = [1122, 1141, 1142, 1143, 1144, 1145]
/** The region's offset depends on the number of tags. Of equal directory names rpmbuild keeps some (--dump shows the paths). */
const otherForm: readonly HeaderTag[] = ['headerImmutable', 'dirIndexes', 'dirNames']
const ofTheBuild: readonly HeaderTag[] = ['buildHost', 'platform', 'payloadDigest']
const different = [...otherForm, ...ofTheBuild].map((name): number => headerTags[name].number)

describe('a package is what rpmbuild makes from the same input', () => {
  test('it has the same tags', async () => {
    const [a, b] = await readBoth()

    expect(a.header.tags).toEqual(b.header.tags.filter((tag) => !generated.includes(tag)))
  })

  test('every tag has the same value', async () => {
    const [a, b] = await readBoth()

    for (const tag of a.header.tags.filter((number) => !different.includes(number))) {
      expect({ tag, data: hexOf(a, tag) }).toEqual({ tag, data: hexOf(b, tag) })
    }
  })

  test('the uncompressed payload is the same, byte by byte', async () => {
    const [a, b] = await readBoth()

    expect(a.header.text('payloadDigestAlt')).toBe(b.header.text('payloadDigestAlt'))
    expect(a.archiveBytes).toBe(b.archiveBytes)
  })

  test.each([
    ['--requires'],
    ['--provides'],
    ['--conflicts'],
    ['--obsoletes'],
    ['--recommends'],
    ['--suggests'],
    ['--supplements'],
    ['--enhances'],
    ['--scripts'],
    ['--triggers'],
    ['--filetriggers'],
    ['--changelog'],
    ['--dump'],
    ['--configfiles'],
    ['--docfiles'],
    ['--licensefiles'],
    ['--state'],
  ])('rpm -qp %s prints the same', async (query) => {
    const [a, b] = [await mustRun('rpm', ['-qp', query, ours]), await mustRun('rpm', ['-qp', query, theirs])]

    expect(a).toBe(b)
    if (query !== '--state') expect(a.trim()).not.toBe('')
  })

  test('rpm --xml and -qpi read the whole header', async () => {
    const xml = await mustRun('rpm', ['-qp', '--xml', ours])
    const information = await mustRun('rpm', ['-qpi', ours])

    expect(xml).toContain('<rpmTag name="Payloaddigest">')
    expect(information).toContain('Version     : 1.5.0~rc.1')
    expect(information).toContain('Build Host  : reproducible')
  })
})

async function readBoth(): Promise<readonly [RpmFile, RpmFile]> {
  return [await readRpmHeader(ours), await readRpmHeader(theirs)]
}

function hexOf({ header }: RpmFile, tag: number): string | undefined {
  const bytes = header.bytes(tag)
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')
}

async function richSpec(files: Sample): Promise<PackageSpec> {
  return {
    ...plainSpec,
    version: { epoch: 2, declared: '1.5.0-rc.1', build: '3', scheme: 'standard' },
    architecture: 'amd64',
    description: 'Says hello to everybody\nwho asks for it.\n\nAlso on Sundays – and in Zürich.',
    relations: {
      ...noRelations,
      depends: [
        [{ name: 'bash', operator: '>=', version: '4' }],
        [{ name: 'zlib' }, { name: 'zlib-ng', operator: '>=', version: '2' }],
      ],
      preDepends: [[{ name: 'coreutils' }]],
      recommends: [[{ name: 'less' }]],
      suggests: [[{ name: 'more' }]],
      enhances: [[{ name: 'bar' }]],
      conflicts: [[{ name: 'oldhello', operator: '<', version: '1' }]],
      breaks: [[{ name: 'hello-plugin', operator: '<=', version: '1:2.0-1' }]],
      provides: [[{ name: 'greeter', operator: '=', version: '1.5' }]],
      obsoletes: [[{ name: 'hullo', operator: '<', version: '2' }]],
    },
    contents: [
      await files.file('/etc/hello/a.conf', 'a\n', { role: 'config-noreplace' }),
      await files.file('/etc/hello/b.conf', 'b\n', { role: 'config', group: 'adm', mode: 0o640 }),
      await files.file('/etc/hello/c.conf', 'c\n', { role: 'config-missingok' }),
      await files.file('/usr/bin/hello', '#!/bin/sh\necho hello\n', { mode: 0o755 }),
      await files.file('/usr/bin/hello-elf', elfHeader, { mode: 0o4755 }),
      { type: 'symlink', path: '/usr/bin/hi', target: 'hello', owner: 'root', group: 'root' },
      await files.file('/usr/share/doc/hello/README', 'Read me.\n', { role: 'doc' }),
      { type: 'directory', path: '/usr/share/hello', mode: 0o750, owner: 'root', group: 'adm' },
      await files.file('/usr/share/hello/empty', ''),
      await files.file('/usr/share/hello.zürich', 'Grüezi\n'),
      await files.file('/usr/share/licenses/hello/LICENSE', 'Apache\n', { role: 'license' }),
      { type: 'ghost', path: '/var/lib/hello/state', mode: 0o600, owner: 'root', group: 'root' },
    ],
    scripts: {
      preInstall: 'echo pre $1\n',
      postInstall: '#!/bin/bash -x\necho post $1\n',
      preRemove: 'echo preun $1\n',
      postRemove: 'echo postun $1\n',
      preTransaction: '#!<lua>\nprint("pretrans")\n',
      postTransaction: 'echo posttrans\n',
    },
    triggers: [
      { kind: 'trigger-in', on: 'bash >= 4', script: 'echo triggerin $1 $2' },
      { kind: 'trigger-un', on: 'sed', script: 'echo triggerun' },
      { kind: 'trigger-postun', on: 'sed, awk < 3', script: 'echo triggerpostun' },
      { kind: 'trigger-in', on: '/usr/lib/fonts', script: 'echo filetrigger' },
    ],
    changelog: [
      {
        version: '1.5.0~rc1-3',
        author: 'R <r@example.org>',
        date: 1_790_000_000,
        changes: ['First', 'Second'],
      },
      { version: '1.4-1', author: 'R <r@example.org>', date: 1_780_000_000, changes: ['Older'] },
    ],
    fields: { Group: 'Development/Tools', BugURL: 'https://example.org/bugs', Supplements: 'foo' },
  }
}

/** ELF, 64 bits, little-endian; an x86-64 program without any part, so that no library is required. */
const elfHeader = Buffer.concat([
  Buffer.from('7f454c4602010100000000000000000002003e0001000000', 'hex'),
  Buffer.alloc(28),
  Buffer.from('400038000000400000000000', 'hex'),
])

const specFile = `
Name: hello
Epoch: 2
Version: 1.5.0~rc.1
Release: 3
Summary: Greets everybody
License: Apache-2.0
URL: https://example.org/hello
Vendor: Example
Packager: Release Team <release@example.org>
Group: Development/Tools
BugURL: https://example.org/bugs
Requires: bash >= 4, (zlib or zlib-ng >= 2)
Requires(pre): coreutils
Recommends: less
Suggests: more
Supplements: foo
Enhances: bar
Conflicts: oldhello < 1
Conflicts: hello-plugin <= 1:2.0-1
Obsoletes: hullo < 2
Provides: greeter = 1.5
%description
Says hello to everybody
who asks for it.

Also on Sundays – and in Zürich.
%install
mkdir -p %{buildroot}
cp -a SOURCES/. %{buildroot}
ln -s hello %{buildroot}/usr/bin/hi
mkdir -p %{buildroot}/var/lib/hello
touch %{buildroot}/var/lib/hello/state
%pre
echo pre $1
%post -p "/bin/bash -x"
echo post $1
%preun
echo preun $1
%postun
echo postun $1
%pretrans -p <lua>
print("pretrans")
%posttrans
echo posttrans
%triggerin -- bash >= 4
echo triggerin $1 $2
%triggerun -- sed
echo triggerun
%triggerpostun -- sed, awk < 3
echo triggerpostun
%filetriggerin -- /usr/lib/fonts
echo filetrigger
%files
%config(noreplace) /etc/hello/a.conf
%config %attr(0640,root,adm) /etc/hello/b.conf
%config(missingok) /etc/hello/c.conf
%attr(0755,root,root) /usr/bin/hello
%attr(4755,root,root) /usr/bin/hello-elf
/usr/bin/hi
%dir %attr(0750,root,adm) /usr/share/hello
/usr/share/hello/empty
/usr/share/hello.zürich
%doc /usr/share/doc/hello/README
%license /usr/share/licenses/hello/LICENSE
%ghost %attr(0600,root,root) /var/lib/hello/state
%changelog
* Mon Sep 21 2026 R <r@example.org> - 1.5.0~rc1-3
- First
- Second
* Thu May 28 2026 R <r@example.org> - 1.4-1
- Older
`

async function runRpmbuild(files: Sample): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), 'hawser-rpmbuild-'))
  try {
    await writeFile(join(work, 'hello.spec'), specFile.replace('SOURCES', files.path('sources')))
    const defines = {
      _topdir: work,
      _rpmdir: files.path('rpmbuild'),
      _binary_payload: 'w6.gzdio',
      _build_id_links: 'none',
      debug_package: '%{nil}',
      __os_install_post: '%{nil}',
      use_source_date_epoch_as_buildtime: '1',
      clamp_mtime_to_source_date_epoch: '1',
    }
    const args = Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`])
    // The sources are younger than the epoch, so that clamping gives all of them its time.
    await mustRun('rpmbuild', ['-bb', '--quiet', '--target', 'x86_64', ...args, join(work, 'hello.spec')], {
      environment: { SOURCE_DATE_EPOCH: String(plainSpec.epoch), HOME: work },
    })
    const [name] = await readdir(files.path('rpmbuild', 'x86_64'))
    return files.path('rpmbuild', 'x86_64', name ?? 'no package')
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
