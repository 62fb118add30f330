import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ContentEntry, PackageSpec, Relations } from '../../src/packages/package-spec.ts'

/** A new temporary folder, and how to remove it. */
export function scratchFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'hawser-deb-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

type File = ContentEntry & { type: 'file' }

/** Writes the bytes below `folder` and declares them. */
export function sourceFile(
  folder: string,
  path: string,
  bytes: string | Uint8Array,
  more: Partial<File> = {},
): File {
  const source = join(folder, 'sources', path)
  mkdirSync(dirname(source), { recursive: true })
  writeFileSync(source, bytes)
  return {
    type: 'file',
    path,
    source,
    sizeBytes: statSync(source).size,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    role: 'plain',
    ...more,
  }
}

export const noRelations: Relations = {
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

export const epoch = 1_760_000_000

/** A package with nothing but what every package has. */
export const plainSpec: PackageSpec = {
  name: 'hello-hawser',
  version: { epoch: 0, declared: '1.2.3', build: '1', scheme: 'standard' },
  architecture: 'all',
  summary: 'friendly greeting for release engineers',
  description:
    'Prints a greeting to everybody who types its name.\n\nIt has no other purpose, and does it well.',
  maintainer: 'Release Team <release@example.org>',
  vendor: 'Example',
  homepage: 'https://example.org/hello',
  license: 'Apache-2.0',
  section: 'utils',
  priority: 'optional',
  distribution: undefined,
  relations: noRelations,
  contents: [],
  scripts: {},
  triggers: [],
  systemd: [],
  changelog: [],
  compression: { kind: 'gzip', level: 6 },
  fields: {},
  epoch,
}

const unitText = `[Unit]
Description=Hello daemon
Documentation=https://example.org/hello

[Service]
ExecStart=/usr/bin/hello-hawser

[Install]
WantedBy=multi-user.target
`

const manual = `.TH HELLO-HAWSER 1 2025-10-09 Hawser
.SH NAME
hello-hawser \\- say hello
.SH DESCRIPTION
Says hello.
`

/** Scripts, configuration, links, a service, a changelog, relations: every feature at once. */
export function fullSpec(folder: string, more: Partial<PackageSpec> = {}): PackageSpec {
  const longName = `/usr/share/hello-hawser/${'a-rather-long-folder-name/'.repeat(5)}data.txt`
  return {
    ...plainSpec,
    relations: {
      ...noRelations,
      depends: [
        [{ name: 'libc6', operator: '>=', version: '2.17' }, { name: 'musl' }],
        [{ name: 'adduser' }],
      ],
      recommends: [[{ name: 'bash-completion' }]],
      conflicts: [[{ name: 'hello-traditional', operator: '<', version: '2.0.0-rc.1' }]],
      provides: [[{ name: 'greeter', operator: '=', version: '1.2.3' }]],
    },
    contents: [
      sourceFile(folder, '/etc/hello-hawser/hello.conf', 'greeting = "Hello"\n', {
        role: 'config-noreplace',
      }),
      sourceFile(folder, '/usr/bin/hello-hawser', '#!/bin/sh\necho hello\n', { mode: 0o755 }),
      sourceFile(folder, '/usr/lib/systemd/system/hello-hawser.service', unitText),
      sourceFile(folder, longName, 'far down\n'),
      sourceFile(folder, '/usr/share/hello-hawser/secret', 'for the group\n', { mode: 0o640, group: 'adm' }),
      sourceFile(folder, '/usr/share/man/man1/hello-hawser.1.gz', gzipSync(manual, { level: 9 })),
      {
        type: 'symlink',
        path: '/usr/share/hello-hawser/current',
        target: 'secret',
        owner: 'root',
        group: 'root',
      },
      {
        type: 'directory',
        path: '/var/lib/hello-hawser',
        mode: 0o750,
        owner: 'www-data',
        group: 'www-data',
      },
      { type: 'ghost', path: '/var/log/hello-hawser.log', mode: 0o640, owner: 'root', group: 'adm' },
    ],
    scripts: {
      preInstall: '#!/bin/sh\nset -e\necho "preinst $1" >> "${HELLO_LOG:-/dev/null}"\nexit 0\n',
      postInstall: '#!/bin/sh\nset -e\necho "postinst $1" >> "${HELLO_LOG:-/dev/null}"\nexit 0\n',
      preRemove: '#!/bin/sh\nset -e\necho "prerm $1" >> "${HELLO_LOG:-/dev/null}"\nexit 0\n',
      postRemove: '#!/bin/sh\nset -e\necho "postrm $1" >> "${HELLO_LOG:-/dev/null}"\nexit 0\n',
    },
    systemd: [{ unit: 'hello-hawser.service', enable: true, start: true, restartAfterUpgrade: true }],
    triggers: [{ kind: 'activate-noawait', on: '/usr/share/hello-hawser' }],
    changelog: [
      {
        version: '1.2.3-1',
        author: 'Ada Example <ada@example.org>',
        date: 1_759_900_000,
        changes: ['Say hello to everybody.', 'Say it louder.'],
      },
      {
        version: '1.2.2-1',
        author: 'Ada Example <ada@example.org>',
        date: 1_759_000_000,
        changes: ['First.'],
      },
    ],
    fields: { 'Multi-Arch': 'foreign' },
    ...more,
  }
}
