import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureText } from '../../errors.ts'
import { digestOf } from '../../lib/digest.ts'
import type { ContentEntry, PackageSpec, Relations } from '../package-spec.ts'
import { rpm } from './rpm.ts'

const relations: Relations = {
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

const good: PackageSpec = {
  name: 'hello',
  version: { epoch: 0, declared: '1.5.0', build: '1', scheme: 'standard' },
  architecture: 'all',
  summary: 'Greets everybody',
  description: 'Says hello.',
  maintainer: 'Release Team <release@example.org>',
  vendor: undefined,
  homepage: undefined,
  license: 'Apache-2.0',
  section: 'utils',
  priority: 'optional',
  distribution: undefined,
  relations,
  contents: [],
  scripts: {},
  triggers: [],
  systemd: [],
  changelog: [],
  compression: { kind: 'gzip', level: 6 },
  fields: {},
  epoch: 1_790_000_000,
}

const unit = { unit: 'hello.service', enable: true, start: true, restartAfterUpgrade: true } as const
const directory = (path: string): ContentEntry => ({
  type: 'directory',
  path,
  owner: 'root',
  group: 'root',
  mode: 0o755,
})
const link = (path: string) =>
  ({
    type: 'symlink',
    path,
    owner: 'root',
    group: 'root',
    target: 'x',
  }) as const

const cases: Record<string, Partial<PackageSpec>> = {
  name: { name: 'hello world' },
  'version-character': { version: { ...good.version, declared: '1.0@2' } },
  'version-build': { version: { ...good.version, build: '1-2' } },
  architecture: { architecture: 'pdp11' },
  'summary-missing': { summary: ' ' },
  'license-missing': { license: '' },
  'summary-lines': { summary: 'Greets\neverybody' },
  'description-control-character': { description: 'Says \u001b[1mhello' },
  'relation-alternatives': { relations: { ...relations, conflicts: [[{ name: 'a' }, { name: 'b' }]] } },
  'relation-name': { relations: { ...relations, depends: [[{ name: 'a b' }]] } },
  'relation-version': {
    relations: { ...relations, depends: [[{ name: 'a', operator: '>=', version: '1-2-3' }]] },
  },
  'relation-scheme': {
    relations: {
      ...relations,
      depends: [[{ name: 'a', operator: '=', version: { ...good.version, scheme: 'none' } }]],
    },
  },
  'provides-operator': {
    relations: { ...relations, provides: [[{ name: 'a', operator: '>=', version: '1' }]] },
  },
  'path-relative': { contents: [directory('usr/share')] },
  'path-dots': { contents: [directory('/usr/../etc')] },
  'path-control': { contents: [directory('/usr/a\nb')] },
  'path-twice': { contents: [directory('/usr/share/hello'), link('/usr/share/hello')] },
  'path-below-file': { contents: [link('/usr/share/hello'), directory('/usr/share/hello/a')] },
  'link-target': { contents: [{ ...link('/usr/a'), target: '' }] },
  'changelog-control-character': {
    changelog: [{ version: '1', author: 'A <a@example.org>', date: 0, changes: ['a\u0007b'] }],
  },
  'trigger-binary': { triggers: [{ kind: 'trigger-in', on: 'bash', script: 'a\0b' }] },
  owner: { contents: [{ ...directory('/srv'), owner: '0' }] },
  'script-interpreter': { systemd: [unit], scripts: { postInstall: '#!<lua>\nprint("x")' } },
  'script-exits': { systemd: [unit], scripts: { postInstall: 'ldconfig\nexit 0\n' } },
  'script-binary': { scripts: { preInstall: 'a\0b' } },
  'unit-name': { systemd: [{ ...unit, unit: 'hello; reboot' }] },
  'trigger-condition': { triggers: [{ kind: 'trigger-in', on: 'bash >=', script: 'true' }] },
  'trigger-mixed': { triggers: [{ kind: 'trigger-in', on: 'bash, /usr', script: 'true' }] },
  'trigger-script': { triggers: [{ kind: 'trigger-in', on: 'bash' }] },
  'trigger-interpreter': { triggers: [{ kind: 'trigger-in', on: 'bash', script: '#!/bin/sh -e\ntrue' }] },
  'field-unknown': { fields: { 'Multi-Arch': 'foreign' } },
  'field-control-character': { fields: { Group: 'a\rb' } },
  'field-supplements': { fields: { Supplements: 'a |' } },
  'compression-level': { compression: { kind: 'zstd', level: 22 } },
  time: { epoch: -1 },
  'changelog-order': {
    changelog: [
      { version: '1', author: 'A <a@example.org>', date: 100_000, changes: ['x'] },
      { version: '2', author: 'A <a@example.org>', date: 200_000, changes: ['y'] },
    ],
  },
}

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-rpm-findings-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a good spec has no findings', () => {
  expect(rpm.findings(good)).toEqual([])
})

describe('what rpm cannot have is found before anything is written', () => {
  test.each(Object.keys(cases))('%s', async (name) => {
    const spec = { ...good, ...cases[name] }

    const error = await rpm
      .build(spec, { outputPath: join(folder, 'a.rpm') })
      .then(() => 'built', failureText)

    await expect(`${error}\n`).toMatchFileSnapshot(`testdata/errors/spec-${name}.txt`)
    expect(await readdir(folder)).toEqual([])
  })
})

test('all findings come at once, each with its place', () => {
  const findings = rpm.findings({
    ...good,
    name: '',
    summary: '',
    contents: [directory('/a/')],
    systemd: [{ ...unit, unit: '' }],
  })

  expect(findings.map(({ path }) => path.join('.'))).toEqual([
    'name',
    'summary',
    'contents.0.path',
    'systemd.0.unit',
  ])
})

test('what belongs to dpkg alone is left out', () => {
  const spec: PackageSpec = {
    ...good,
    relations: { ...relations, replaces: [[{ name: 'old' }]] },
    triggers: [{ kind: 'interest-noawait', on: '/usr/share/fonts' }],
  }

  expect(rpm.findings(spec)).toEqual([])
})

describe('a source that is not what was declared stops the build, and leaves nothing', () => {
  const source = (sizeBytes: number, text: string): ContentEntry => ({
    type: 'file',
    path: '/usr/share/hello',
    source: join(folder, 'source'),
    owner: 'root',
    group: 'root',
    mode: 0o644,
    role: 'plain',
    sizeBytes,
    digest: digestOf(text),
  })

  test.each([
    ['grew', 'hell', 4],
    ['shrank', 'hello\n!', 7],
    ['changed', 'hullo\n', 6],
  ])('it %s', async (name, text, sizeBytes) => {
    await writeFile(join(folder, 'source'), 'hello\n')
    const spec = { ...good, contents: [source(sizeBytes, text)] }

    const error = await rpm
      .build(spec, { outputPath: join(folder, 'a.rpm') })
      .then(() => 'built', failureText)

    await expect(`${error.replaceAll(folder, 'FOLDER')}\n`).toMatchFileSnapshot(
      `testdata/errors/source-${name}.txt`,
    )
    expect(await readdir(folder)).toEqual(['source'])
    await rm(join(folder, 'source'))
  })

  test('it is not there', async () => {
    const spec = { ...good, contents: [source(6, 'hello\n')] }

    const error = await rpm
      .build(spec, { outputPath: join(folder, 'a.rpm') })
      .then(() => 'built', failureText)

    await expect(`${error.replaceAll(folder, 'FOLDER')}\n`).toMatchFileSnapshot(
      'testdata/errors/source-absent.txt',
    )
    expect(await readdir(folder)).toEqual([])
  })
})

test('the output folder must be there', async () => {
  const outputPath = join(folder, 'absent/a.rpm')

  const error = await rpm.build(good, { outputPath }).then(() => 'built', failureText)

  await expect(`${error.replaceAll(folder, 'FOLDER')}\n`).toMatchFileSnapshot(
    'testdata/errors/output-folder-absent.txt',
  )
})

test('a cancelled build leaves nothing', async () => {
  await writeFile(join(folder, 'big'), 'hello\n')
  const entry: ContentEntry = {
    type: 'file',
    path: '/big',
    source: join(folder, 'big'),
    owner: 'root',
    group: 'root',
    mode: 0o644,
    role: 'plain',
    sizeBytes: 6,
    digest: digestOf('hello\n'),
  }

  const build = rpm.build(
    { ...good, contents: [entry] },
    { outputPath: join(folder, 'a.rpm'), signal: AbortSignal.abort() },
  )

  await expect(build).rejects.toThrow('This operation was aborted')
  expect(await readdir(folder)).toEqual(['big'])
})
