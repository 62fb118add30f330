import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '../../src/lib/digest.ts'
import { deb } from '../../src/packages/deb/deb.ts'
import type { ContentEntry, PackageSpec, Relations } from '../../src/packages/package-spec.ts'
import { parseRelations } from '../../src/packages/relation.ts'
import { rpm } from '../../src/packages/rpm/rpm.ts'

const owned = { owner: 'root', group: 'root' } as const

/** Packages in the place of Docker's, with scripts, a configuration file and relations; the same bytes on every machine. */
export async function dockerPackage(
  folder: string,
  version: string,
  kind: 'deb' | 'rpm' | 'selinux',
): Promise<string> {
  const outputPath = join(folder, 'package')
  const spec =
    kind === 'selinux' ? await selinuxSpec(folder, version) : await engineSpec(folder, version, kind)
  await (kind === 'deb' ? deb : rpm).build(spec, { outputPath })
  return outputPath
}

async function engineSpec(folder: string, version: string, kind: 'deb' | 'rpm'): Promise<PackageSpec> {
  const file = (path: string, text: string, more: Partial<FileEntry> = {}) =>
    fileEntry(folder, path, text, more)
  const debOnly = [
    await file('/usr/share/doc/docker-engine/changelog.Debian.gz', 'stands in for a changelog\n', {
      role: 'doc',
    }),
    await file('/usr/share/doc/docker-engine/copyright', 'Apache-2.0\n', { role: 'doc' }),
  ]
  return {
    ...common,
    name: 'docker-engine',
    version: { ...common.version, declared: version, build: kind === 'deb' ? '0~xenial' : '1.el7.centos' },
    architecture: 'amd64',
    summary: 'Docker: the open-source application container engine',
    homepage: 'https://dockerproject.org',
    relations: {
      ...noRelations,
      depends: parseRelations(
        kind === 'deb'
          ? 'iptables, libc6 >= 2.17'
          : `docker-engine-selinux >= ${version}-1.el7.centos, iptables`,
      ),
      conflicts: parseRelations(kind === 'deb' ? 'docker.io' : 'docker, docker-io'),
    },
    contents: sorted([
      await file('/usr/bin/docker', `#!/bin/sh\necho "Docker version ${version}"\n`, { mode: 0o755 }),
      { ...owned, type: 'symlink', path: '/usr/bin/dockerd', target: 'docker' },
      await file('/etc/default/docker', 'DOCKER_OPTS=\n', { role: 'config' }),
      await file('/lib/systemd/system/docker.service', '[Service]\nExecStart=/usr/bin/docker daemon\n'),
      ...(kind === 'deb' ? debOnly : []),
    ]),
    scripts: {
      postInstall: '#!/bin/sh\ngetent group docker > /dev/null || groupadd --system docker || true\n',
    },
  }
}

async function selinuxSpec(folder: string, version: string): Promise<PackageSpec> {
  return {
    ...common,
    name: 'docker-engine-selinux',
    version: { ...common.version, declared: version, build: '1.el7.centos' },
    architecture: 'all',
    summary: 'SELinux policies for the open-source application container engine',
    relations: { ...noRelations, depends: parseRelations('libselinux-utils') },
    contents: [
      await fileEntry(folder, '/usr/share/selinux/packages/docker.pp.bz2', 'stands in for a policy\n'),
    ],
    scripts: { postInstall: '#!/bin/sh\ncommand -v semodule > /dev/null || exit 0\nexit 0\n' },
  }
}

type FileEntry = Extract<ContentEntry, { type: 'file' }>

let count = 0

async function fileEntry(
  folder: string,
  path: string,
  text: string,
  more: Partial<FileEntry> = {},
): Promise<FileEntry> {
  const source = join(folder, `file-${count++}`)
  await writeFile(source, text)
  const bytes = Buffer.from(text)
  return {
    ...owned,
    type: 'file',
    path,
    source,
    sizeBytes: bytes.length,
    digest: digestOf(bytes),
    mode: 0o644,
    role: 'plain',
    ...more,
  }
}

const sorted = (entries: readonly ContentEntry[]): readonly ContentEntry[] =>
  entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))

const noRelations: Relations = {
  depends: [],
  preDepends: [],
  recommends: [],
  suggests: [],
  enhances: [],
  conflicts: [],
  breaks: [],
  provides: [],
  replaces: [],
  obsoletes: [],
}

const common: Omit<PackageSpec, 'name' | 'architecture' | 'summary' | 'relations' | 'contents' | 'scripts'> =
  {
    version: { epoch: 0, declared: '', build: '', scheme: 'standard' },
    description: 'A small package in the place of the real one.',
    maintainer: 'Docker <support@docker.com>',
    vendor: 'Docker',
    homepage: undefined,
    license: 'ASL 2.0',
    section: 'admin',
    priority: 'optional',
    distribution: undefined,
    triggers: [],
    systemd: [],
    changelog: [
      {
        version: '1.11.2',
        author: 'Docker <support@docker.com>',
        date: 1_464_739_200,
        changes: ['Released'],
      },
    ],
    // So that the bytes are no matter of the compressor's version.
    compression: { kind: 'none', level: 0 },
    fields: {},
    epoch: 1_464_739_200,
  }
