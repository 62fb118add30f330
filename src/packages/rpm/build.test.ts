import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOfFile } from '../../lib/digest.ts'
import type { PackageSpec } from '../package-spec.ts'
import { operatorOf } from './dependency.ts'
import { readRpmHeader } from './read.ts'
import { rpm } from './rpm.ts'

let folder: string
let spec: PackageSpec

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-rpm-build-'))
  const source = join(folder, 'source')
  await writeFile(source, Buffer.alloc(3_000_000, 'hello '))
  const owned = { owner: 'root', group: 'root' } as const
  spec = {
    name: 'hello',
    version: { epoch: 1, declared: '1.5.0-rc.1', build: '2', scheme: 'standard' },
    architecture: 'arm64',
    summary: 'Greets everybody',
    description: 'Says hello.',
    maintainer: 'Release Team <release@example.org>',
    vendor: undefined,
    homepage: undefined,
    license: 'Apache-2.0',
    section: '',
    priority: 'optional',
    distribution: 'el9',
    relations: {
      depends: [[{ name: 'bash', operator: '>=', version: '5' }]],
      preDepends: [],
      recommends: [],
      suggests: [],
      enhances: [],
      conflicts: [],
      breaks: [],
      provides: [],
      replaces: [],
      obsoletes: [],
    },
    contents: [
      { type: 'directory', path: '/usr/share/hello', mode: 0o750, ...owned },
      { type: 'ghost', path: '/var/lib/hello', mode: 0o600, ...owned },
      // Out of order, which the format must not depend on.
      { type: 'symlink', path: '/usr/bin/hi', target: 'hello', ...owned },
      {
        type: 'file',
        path: '/etc/hello.conf',
        source,
        mode: 0o640,
        role: 'config-noreplace',
        owner: 'root',
        group: 'adm',
        ...(await digestOfFile(source)),
      },
    ],
    scripts: {},
    triggers: [],
    systemd: [{ unit: 'hello.service', enable: false, start: false, restartAfterUpgrade: true }],
    changelog: [],
    compression: { kind: 'gzip', level: 1 },
    fields: {},
    epoch: 1_790_000_000,
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function built(change: Partial<PackageSpec> = {}): Promise<string> {
  const whole = { ...spec, ...change }
  const outputPath = join(folder, rpm.fileName(whole))
  await rpm.build(whole, { outputPath })
  return outputPath
}

test.each([
  ['gzip', 1],
  ['xz', 1],
  ['zstd', 1],
  ['none', 0],
] as const)('what was built with %s reads back as it was declared', async (kind, level) => {
  expect(await rpm.read(await built({ compression: { kind, level } }))).toEqual({
    format: 'rpm',
    name: 'hello',
    version: '1:1.5.0~rc.1-2',
    architecture: 'aarch64',
    files: [
      {
        path: '/etc/hello.conf',
        type: 'file',
        mode: 0o640,
        owner: 'root',
        group: 'adm',
        sizeBytes: 3_000_000,
        isConfig: true,
      },
      {
        path: '/usr/bin/hi',
        type: 'symlink',
        mode: 0o777,
        owner: 'root',
        group: 'root',
        sizeBytes: 5,
        target: 'hello',
        isConfig: false,
      },
      {
        path: '/usr/share/hello',
        type: 'directory',
        mode: 0o750,
        owner: 'root',
        group: 'root',
        sizeBytes: 0,
        isConfig: false,
      },
      {
        path: '/var/lib/hello',
        type: 'ghost',
        mode: 0o600,
        owner: 'root',
        group: 'root',
        sizeBytes: 0,
        isConfig: false,
      },
    ],
  })
})

test('the name of the file has no epoch, and the version that tools print has it', () => {
  expect(rpm.fileName(spec)).toBe('hello-1.5.0~rc.1-2.aarch64.rpm')
  expect(rpm.version(spec)).toBe('1:1.5.0~rc.1-2')
})

test('the main header begins at 4096, and the digest is that of the file', async () => {
  const path = await built()
  const file = await readRpmHeader(path)

  expect(file.headerRange.start).toBe(4096)
  expect((await readFile(path)).readUInt32BE(4096)).toBe(0x8eade801)
  expect({ digest: file.digest, sizeBytes: file.sizeBytes }).toEqual(await digestOfFile(path))
})

test('units order the package after systemd without requiring it, and their lines need a shell', async () => {
  const { dependencies, header } = await readRpmHeader(await built())

  expect(dependencies.orders.map(({ name, flags }) => [name, flags])).toEqual([
    ['systemd', 0x400],
    ['systemd', 0x800],
    ['systemd', 0x1000],
  ])
  expect(dependencies.requires.map(({ name }) => name)).not.toContain('systemd')
  expect(dependencies.requires.filter(({ name }) => name === '/bin/sh').map(({ flags }) => flags)).toEqual([
    0x500, 0x900, 0x1100,
  ])
  expect(header.text('postUn')).toContain('mark-restart-system-units hello.service')
  expect(dependencies.requires.filter(({ name }) => name === 'bash').map(operatorOf)).toEqual(['>='])
})

test('a package without files is one, too', async () => {
  const path = await built({ contents: [], systemd: [] })

  expect((await rpm.read(path)).files).toEqual([])
})

test('a build replaces what was there, in one step, and leaves nothing else', async () => {
  const path = await built()
  const before = await readFile(path)
  await writeFile(path, 'an older package')

  await built()

  expect((await readFile(path)).equals(before)).toBe(true)
  expect((await stat(path)).mode & 0o777).toBe(0o644)
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
})
