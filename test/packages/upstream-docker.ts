import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun } from '../clients/command.ts'
import { buildRpms } from '../clients/rpmbuild.ts'

/** Packages of the shape of Docker's own, 1.11.2, built by the tools of their distributions. */
export const dockerVersions = { deb: '1.11.2-0~xenial', rpm: '1.11.2-1.el7.centos' } as const

/** Scripts, configuration files, links, owners and relations: everything that a new name must not lose. */
export async function dockerDeb(folder: string): Promise<string> {
  const tree = join(folder, 'docker-tree')
  const files: { readonly [path: string]: readonly [mode: string, text: string] } = {
    'DEBIAN/control': [
      '644',
      `Package: docker-engine
Version: ${dockerVersions.deb}
Architecture: amd64
Maintainer: Docker <support@docker.com>
Installed-Size: 67
Depends: iptables, libc6 (>= 2.17), init-system-helpers (>= 1.18~)
Recommends: git, ca-certificates
Conflicts: docker (<< 1.5~), docker.io
Replaces: docker, docker.io
Section: admin
Priority: optional
Homepage: https://dockerproject.org
Description: Docker: the open-source application container engine
 Docker is an open source project to build, ship and run any application as a
 lightweight container
 .
 Docker containers are both hardware-agnostic and platform-agnostic.
`,
    ],
    'DEBIAN/conffiles': ['644', '/etc/default/docker\n'],
    'DEBIAN/postinst': [
      '755',
      '#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n\tgroupadd --system docker || true\nfi\n',
    ],
    'DEBIAN/prerm': ['755', '#!/bin/sh\nset -e\n'],
    'DEBIAN/postrm': [
      '755',
      '#!/bin/sh\nset -e\ncase "$1" in purge) rm -f /etc/default/docker.old ;; esac\n',
    ],
    'DEBIAN/triggers': ['644', 'activate-noawait update-containers\n'],
    'usr/bin/docker': ['755', '#!/bin/sh\necho docker 1.11.2\n'],
    'usr/bin/docker-containerd': ['755', '#!/bin/sh\necho containerd\n'],
    'etc/default/docker': ['644', '# Docker Upstart and SysVinit configuration file\n'],
    'lib/systemd/system/docker.service': ['644', '[Service]\nExecStart=/usr/bin/docker daemon\n'],
    'var/lib/docker/secret': ['600', 'x\n'],
  }
  await writeTree(tree, files)
  await mustRun('ln', ['-s', 'docker', join(tree, 'usr/bin/dockerd')])
  const sums = await mustRun('sh', ['-c', 'find usr lib var -type f | LC_ALL=C sort | xargs md5sum'], {
    cwd: tree,
  })
  await writeFile(join(tree, 'DEBIAN/md5sums'), sums)
  await mustRun('find', [tree, '-exec', 'touch', '-h', '-d', '@1460000000', '{}', '+'])
  const output = join(folder, `docker-engine_${dockerVersions.deb}_amd64.deb`)
  // As Docker's: xz. The time decides about the archive's headers.
  await mustRun('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, output], {
    environment: { SOURCE_DATE_EPOCH: '1460000000' },
  })
  return output
}

async function writeTree(
  tree: string,
  files: { readonly [path: string]: readonly [mode: string, text: string] },
): Promise<void> {
  for (const [path, [mode, text]] of Object.entries(files)) {
    await mkdir(join(tree, path, '..'), { recursive: true })
    await writeFile(join(tree, path), text)
    await mustRun('chmod', [mode, join(tree, path)])
  }
}

/** The two packages of EL 7: the engine needs the other one, which is for all machines. */
export async function dockerRpms(
  folder: string,
): Promise<{ readonly engine: string; readonly selinux: string }> {
  const [engine] = await built(folder, engineSpec, 'x86_64')
  const [selinux] = await built(folder, selinuxSpec, 'noarch')
  return { engine: engine ?? '', selinux: selinux ?? '' }
}

async function built(folder: string, spec: string, architecture: string): Promise<string[]> {
  const paths = await buildRpms(join(folder, `rpms-${architecture}`), spec)
  const binary = paths.filter((path) => path.endsWith(`.${architecture}.rpm`))
  return Promise.all(
    binary.map(async (path) => {
      const to = join(folder, path.slice(path.lastIndexOf('/') + 1))
      await rename(path, to)
      return to
    }),
  )
}

const release = '1.el7.centos'

const engineSpec = `Name: docker-engine
Version: 1.11.2
Release: ${release}
Summary: The open-source application container engine
License: ASL 2.0
Vendor: Docker
Packager: Docker <support@docker.com>
URL: https://dockerproject.org
ExclusiveArch: x86_64
Requires: iptables
Requires: libc.so.6()(64bit)
Requires: docker-engine-selinux >= 1.11.2-${release}
Requires(pre): shadow-utils
Provides: lxc-docker = 1.11.2
Conflicts: docker
Conflicts: docker-io
Obsoletes: docker-engine-cs
%description
Docker is an open source project to build, ship and run any application as a
lightweight container.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/sysconfig %{buildroot}/var/lib/docker %{buildroot}/usr/share/doc/docker
printf '#!/bin/sh\\necho docker 1.11.2\\n' > %{buildroot}/usr/bin/docker
ln %{buildroot}/usr/bin/docker %{buildroot}/usr/bin/docker-hard
ln -s docker %{buildroot}/usr/bin/dockerd
echo 'OPTIONS=' > %{buildroot}/etc/sysconfig/docker
echo licence > %{buildroot}/usr/share/doc/docker/LICENSE
mkdir -p %{buildroot}/var/log
touch %{buildroot}/var/log/docker.log
%pre
getent group docker > /dev/null || groupadd --system docker || :
echo "engine pre $1" >> /log
%post
echo "engine post $1" >> /log
exit 0
%preun
echo "engine preun $1" >> /log
%files
%attr(0755,root,root) /usr/bin/docker
%attr(0755,root,root) /usr/bin/docker-hard
/usr/bin/dockerd
%config(noreplace) /etc/sysconfig/docker
%dir %attr(0710,root,root) /var/lib/docker
%ghost /var/log/docker.log
%doc /usr/share/doc/docker/LICENSE
%changelog
* Wed Jun 01 2016 Docker <support@docker.com> - 1.11.2-${release}
- Released
`

const selinuxSpec = `Name: docker-engine-selinux
Version: 1.11.2
Release: ${release}
Summary: SELinux Policies for the open-source application container engine
License: GPLv2
Vendor: Docker
URL: https://dockerproject.org
BuildArch: noarch
AutoReqProv: no
Requires: libselinux-utils
Provides: docker-selinux = 1.11.2
%description
SELinux policy modules for use with Docker.
%install
mkdir -p %{buildroot}/usr/share/selinux/packages %{buildroot}/usr/share/doc/docker
echo policy > %{buildroot}/usr/share/selinux/packages/docker.pp.bz2
echo licence > %{buildroot}/usr/share/doc/docker/LICENSE
%post
echo "selinux post $1" >> /log
exit 0
%preun
echo "selinux preun $1" >> /log
%posttrans -p /sbin/ldconfig
%files
/usr/share/selinux/packages/docker.pp.bz2
%doc /usr/share/doc/docker/LICENSE
`
