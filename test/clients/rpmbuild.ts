import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from './command.ts'

/** Builds a spec with the real rpmbuild; gives the paths of the finished packages, in byte order. */
export async function buildRpms(folder: string, spec: string): Promise<string[]> {
  const work = await mkdtemp(join(tmpdir(), 'hawser-rpmbuild-'))
  const output = join(work, 'out')
  try {
    await writeFile(join(work, 'package.spec'), spec)
    const defines = {
      _topdir: join(work, 'top'),
      _rpmdir: output,
      _srcrpmdir: output,
      _build_name_fmt: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
      _buildhost: 'builder.example.org',
      _build_id_links: 'none',
      debug_package: '%{nil}',
      __os_install_post: '%{nil}',
      use_source_date_epoch_as_buildtime: '1',
    }
    const args = Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`])
    await mustRun('rpmbuild', ['-ba', '--quiet', ...args, join(work, 'package.spec')], {
      environment: { SOURCE_DATE_EPOCH: '1750000000', HOME: work },
    })
    await mkdir(folder, { recursive: true })
    const names = (await readdir(output)).toSorted()
    for (const name of names) await mustRun('cp', [join(output, name), join(folder, name)])
    return names.map((name) => join(folder, name))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** A package that any empty root can install: no scripts, no dependencies. */
export function plainSpec(name: string, version: string, extra = ''): string {
  return `Name: ${name}
Version: ${version}
Release: 1
Summary: Says ${name}
License: MIT
BuildArch: noarch
${extra}
%description
Says ${name}.
%install
mkdir -p %{buildroot}/usr/share/${name} %{buildroot}/etc
echo ${version} > %{buildroot}/usr/share/${name}/version
echo ${version} > %{buildroot}/etc/${name}.conf
%files
%config(noreplace) /etc/${name}.conf
/usr/share/${name}
`
}

/** Signs packages in place with the only secret key of a gpg home; `options` are those of rpmsign. */
export async function signRpms(
  paths: readonly string[],
  gpgHome: string,
  fingerprint: string,
  options: readonly string[] = [],
): Promise<void> {
  const defines = ['--define', `_gpg_name ${fingerprint}`, '--define', `_gpg_path ${gpgHome}`, ...options]
  // Debian's macro points to /usr/bin/gpg2, which does not exist there.
  await mustRun('rpmsign', [...defines, '--define', '__gpg /usr/bin/gpg', '--addsign', ...paths])
}
