import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arMagic, arPadding, encodeArHeader } from '../../src/archive/ar.ts'
import { encodeTarHeader, type TarHeader } from '../../src/archive/tar-header.ts'
import { failureText } from '../../src/errors.ts'
import { deb } from '../../src/packages/deb/deb.ts'
import { readDebControl } from '../../src/packages/deb/read.ts'
import type { PackageSpec } from '../../src/packages/package-spec.ts'
import { fullSpec, noRelations, plainSpec, scratchFolder, sourceFile } from './deb-fixture.ts'

const scratch = scratchFolder()
const good = join(scratch.path, 'good.deb')

beforeAll(() => deb.build(fullSpec(scratch.path), { outputPath: good }))

afterAll(scratch.remove)

const control = 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: X <x@example.org>\nDescription: x\n'

/** Broken packages: each is a list of ar members. */
const broken: Record<string, () => Buffer> = {
  'deb-empty': () => Buffer.alloc(0),
  'deb-not-an-archive': () => Buffer.from('<html>404 Not Found</html>'),
  'deb-truncated': () => readFileSync(good).subarray(0, 1500),
  'deb-version-3': () => archive([['debian-binary', Buffer.from('3.0\n')]]),
  'deb-members-swapped': () => archive([binary, ['data.tar', tar({})], ['control.tar', tar({ control })]]),
  'deb-foreign-member': () =>
    archive([binary, ['readme.txt', Buffer.from('hi')], ['control.tar', tar({ control })]]),
  'deb-no-data': () => archive([binary, ['control.tar', tar({ control })]]),
  'deb-unknown-compression': () => archive([binary, ['control.tar.bz2', Buffer.from('BZh9')]]),
  'deb-wrong-compression': () => archive([binary, ['control.tar.xz', gzipSync(tar({ control }))]]),
  'deb-no-control-file': () =>
    archive([binary, ['control.tar', tar({ postinst: '#!/bin/sh\n' })], ['data.tar', tar({})]]),
  'deb-control-no-version': () => whole({ control: 'Package: x\nArchitecture: all\n' }, {}),
  'deb-control-malformed': () => whole({ control: 'Package: x\nthis is no field\n' }, {}),
  'deb-control-repeated': () => whole({ control: `${control}package: y\n` }, {}),
  'deb-data-traversal': () => whole({ control }, { '../../etc/shadow': 'root' }),
  'deb-data-duplicate': () =>
    archive([binary, ['control.tar', tar({ control })], ['data.tar', twice('usr/bin/x')]]),
  'deb-md5-mismatch': () => whole({ control, md5sums: `${'0'.repeat(32)}  usr/x\n` }, { 'usr/x': 'x' }),
  'deb-md5-missing-file': () => whole({ control, md5sums: `${'0'.repeat(32)}  usr/y\n` }, { 'usr/x': 'x' }),
  'deb-control-bomb': () =>
    archive([binary, ['control.tar.gz', gzipSync(tar({ control: 'x'.repeat(70 << 20) }))]]),
  'deb-huge-size': () =>
    Buffer.concat([
      Buffer.from(arMagic),
      encodeArHeader({ name: 'debian-binary', sizeBytes: 9_999_999_999, mtime: 0 }),
    ]),
}

test.each(Object.keys(broken))('reading %s is refused', async (name) => {
  const path = join(scratch.path, `${name}.deb`)
  writeFileSync(path, broken[name]?.() ?? '')

  await expect(await failure(deb.read(path))).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
})

test('a package that is not there is refused', async () => {
  const read = readDebControl(join(scratch.path, 'absent.deb'))

  await expect(await failure(read)).toMatchFileSnapshot('testdata/errors/deb-absent.txt')
})

const link = { type: 'symlink', path: '/usr/lib/x', target: 'y', owner: 'root', group: 'root' } as const

const wrongSpecs: Record<string, Partial<PackageSpec>> = {
  'spec-name': { name: 'Hello_World' },
  'spec-version': { version: { ...plainSpec.version, declared: 'v1.0.0' } },
  'spec-architecture': { architecture: 'x86_64' },
  'spec-maintainer': { maintainer: 'release team' },
  'spec-summary': { summary: ' ' },
  'spec-two-lines': { homepage: 'https://example.org\nX-Evil: yes' },
  'spec-field-reserved': { fields: { version: '2' } },
  'spec-field-injection': { fields: { 'Multi-Arch': 'foreign\nPackage: evil' } },
  'spec-path': { contents: [{ ...link, path: '/usr/../etc/x' }] },
  'spec-duplicate': { contents: [link, link] },
  'spec-below-link': { contents: [link, { ...link, path: '/usr/lib/x/y' }] },
  'spec-owner': { contents: [{ ...link, owner: 'no body' }] },
  'spec-relation-name': { relations: { ...noRelations, depends: [[{ name: '/bin/sh' }]] } },
  'spec-conflicts-alternatives': {
    relations: { ...noRelations, conflicts: [[{ name: 'aa' }, { name: 'bb' }]] },
  },
  'spec-relation-version': {
    relations: { ...noRelations, depends: [[{ name: 'aa', operator: '>=', version: '1_0' }]] },
  },
  'spec-rpm-trigger': { triggers: [{ kind: 'trigger-in', on: 'bash' }] },
  'spec-rpm-script': { scripts: { postTransaction: 'true' } },
  'spec-unit': { systemd: [{ unit: 'x.service', enable: true, start: true, restartAfterUpgrade: true }] },
  'spec-compression-level': { compression: { kind: 'xz', level: 12 } },
  'spec-changelog': { changelog: [{ version: '1', author: 'Ada', date: 0, changes: [] }] },
  'spec-epoch': { epoch: -5 },
}

test.each(Object.keys(wrongSpecs))(
  'building with a wrong %s is refused before anything is written',
  async (name) => {
    const outputPath = join(scratch.path, `${name}.deb`)
    const build = deb.build({ ...plainSpec, ...wrongSpecs[name] }, { outputPath })

    await expect(await failure(build)).toMatchFileSnapshot(`testdata/errors/deb-${name}.txt`)
    expect(readdirSync(scratch.path).filter((file) => file.startsWith(name))).toEqual([])
  },
)

test('all findings are told at once', () => {
  const findings = deb.findings({ ...plainSpec, name: 'X', maintainer: '', epoch: -1 })

  expect(findings.map(({ path }) => path)).toEqual([['name'], ['maintainer'], ['epoch']])
})

describe('a build that fails leaves nothing behind', () => {
  const folder = join(scratch.path, 'out')
  const outputPath = join(folder, 'x.deb')
  const data = (): PackageSpec['contents'][number] & { type: 'file' } =>
    sourceFile(scratch.path, '/usr/share/x/data.txt', 'data\n')

  beforeAll(() => mkdirSync(folder))

  test('when a source has changed', async () => {
    const entry = data()
    writeFileSync(entry.source, 'atad\n')

    const text = await failure(deb.build({ ...plainSpec, contents: [entry] }, { outputPath }))

    await expect(text).toMatchFileSnapshot('testdata/errors/deb-source-changed.txt')
    expect(readdirSync(folder)).toEqual([])
  })

  test('when a source is not there', async () => {
    const entry = { ...data(), source: join(scratch.path, 'nothing-here') }

    const text = await failure(deb.build({ ...plainSpec, contents: [entry] }, { outputPath }))

    await expect(text).toMatchFileSnapshot('testdata/errors/deb-source-missing.txt')
    expect(readdirSync(folder)).toEqual([])
  })

  test.skipIf(!canMount())('when the disk is full or read-only', async () => {
    const full = join(scratch.path, 'full')
    mkdirSync(full)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full])
    try {
      const noise = Uint8Array.from({ length: 300_000 }, (_byte, index) => Math.imul(index, index) >>> 5)
      const entry = sourceFile(scratch.path, '/usr/share/x/noise.bin', noise)
      const spec: PackageSpec = { ...plainSpec, contents: [entry], compression: { kind: 'none', level: 0 } }

      const text = await failure(deb.build(spec, { outputPath: join(full, 'x.deb') }))

      await expect(text).toMatchFileSnapshot('testdata/errors/deb-disk-full.txt')
      expect(readdirSync(full)).toEqual([])
      execFileSync('mount', ['-o', 'remount,ro', full])
      const readOnly = await failure(deb.build(plainSpec, { outputPath: join(full, 'x.deb') }))
      await expect(readOnly).toMatchFileSnapshot('testdata/errors/deb-disk-read-only.txt')
    } finally {
      execFileSync('umount', [full])
    }
  })

  test('when the folder is not there', async () => {
    const text = await failure(deb.build(plainSpec, { outputPath: join(scratch.path, 'no/such/x.deb') }))

    await expect(text).toMatchFileSnapshot('testdata/errors/deb-no-folder.txt')
  })

  test('when it is stopped', async () => {
    const build = deb.build({ ...plainSpec, contents: [data()] }, { outputPath, signal: AbortSignal.abort() })

    await expect(build).rejects.toThrow('This operation was aborted')
    expect(readdirSync(folder)).toEqual([])
  })
})

/** A small file system of its own is the only honest full disk; it takes root with the right to mount. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const binary: [string, Buffer] = ['debian-binary', Buffer.from('2.0\n')]

const whole = (controlFiles: Record<string, string>, dataFiles: Record<string, string>): Buffer =>
  archive([binary, ['control.tar', tar(controlFiles)], ['data.tar', tar(dataFiles)]])

function archive(members: [string, Buffer][]): Buffer {
  const parts = members.flatMap(([name, body]) => [
    encodeArHeader({ name, sizeBytes: body.length, mtime: 0 }),
    body,
    arPadding(body.length),
  ])
  return Buffer.concat([Buffer.from(arMagic), ...parts])
}

function tar(files: Record<string, string>): Buffer {
  return Buffer.concat([
    ...Object.entries(files).flatMap(([name, text]) => tarFile(name, text)),
    Buffer.alloc(1024),
  ])
}

const twice = (name: string): Buffer =>
  Buffer.concat([...tarFile(name, 'a'), ...tarFile(`./${name}`, 'b'), Buffer.alloc(1024)])

function tarFile(name: string, text: string): Buffer[] {
  const body = Buffer.from(text)
  const header: TarHeader = {
    name,
    mode: 0o644,
    ownerId: 0,
    groupId: 0,
    sizeBytes: body.length,
    mtime: 0,
    type: '0',
    linkName: '',
    owner: 'root',
    group: 'root',
  }
  return [encodeTarHeader(header), body, Buffer.alloc(-body.length & 511)]
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was refused',
    (error: unknown) => failureText(error).replaceAll(scratch.path, 'FOLDER'),
  )
}
