import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deb } from '../../src/packages/deb/deb.ts'
import { mustRun } from '../clients/command.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import { failureTextOf } from './failure.ts'
import { changes, repackage, words } from './repackage.ts'
import { dockerDeb } from './upstream-docker.ts'

let folder: string
let original: string
let output: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-repackage-'))
  original = await dockerDeb(folder)
  output = join(folder, 'output.deb')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const field = (path: string, name: string): Promise<string> => mustRun('dpkg-deb', ['--field', path, name])

async function extracted(path: string, how: '--extract' | '--control'): Promise<string> {
  const to = await mkdtemp(join(folder, 'extracted-'))
  await mustRun('dpkg-deb', [how, path, to])
  const list = await mustRun(
    'sh',
    ['-c', 'find . ! -name control -printf "%P %m %y %l %Ts\\n" | LC_ALL=C sort'],
    { cwd: to },
  )
  const sums = await mustRun(
    'sh',
    ['-c', 'find . -type f ! -name control | LC_ALL=C sort | xargs -r sha256sum'],
    { cwd: to },
  )
  // Extracting moves the times of folders, and control files are ours.
  const lines = list
    .split('\n')
    .map((line) => (how === '--control' || / d {2}\d+$/.test(line) ? line.replace(/\d+$/, '') : line))
  return sums + lines.join('\n')
}

describe('a deb under another name', () => {
  test('has the contents of the original byte for byte, with modes, owners, times and links', async () => {
    expect(await repackage(deb, [original], output)).toBe('kismatic-docker-engine_1.11.2-0~xenial_amd64.deb')

    expect(await extracted(output, '--extract')).toBe(await extracted(original, '--extract'))
    expect(await mustRun('dpkg-deb', ['--contents', output])).toBe(
      await mustRun('dpkg-deb', ['--contents', original]),
    )
  })

  test('has its scripts, configuration files, triggers and checksums', async () => {
    await repackage(deb, [original], output)

    const control = await extracted(output, '--control')
    expect(control).toBe(await extracted(original, '--control'))
    for (const name of ['conffiles', 'md5sums', 'postinst', 'postrm', 'prerm', 'triggers'])
      expect(control).toContain(name)
  })

  test('keeps its version and words, but for the name', async () => {
    await repackage(deb, [original], output)

    const theirs = await field(original, '')
    expect(await field(output, '')).toBe(
      theirs.replace('Package: docker-engine', 'Package: kismatic-docker-engine'),
    )
  })

  test('says what is said anew, names who looked after it, and adds relations', async () => {
    await repackage(deb, [original], output, words)

    await expect(await mustRun('dpkg-deb', ['--field', output])).toMatchFileSnapshot(
      'testdata/repackaged-control.txt',
    )
  })

  test('has its own version where one is given', async () => {
    const version = { epoch: 1, declared: '1.11.3', build: '0~xenial', scheme: 'standard' }

    const name = await repackage(deb, [original], output, { ...changes, version })

    expect(name).toBe('kismatic-docker-engine_1.11.3-0~xenial_amd64.deb')
    expect(await field(output, 'Version')).toBe('1:1.11.3-0~xenial\n')
  })

  test('is the same bytes each time', async () => {
    await repackage(deb, [original], output, words)
    await repackage(deb, [original], join(folder, 'again.deb'), words)

    expect((await readFile(output)).equals(await readFile(join(folder, 'again.deb')))).toBe(true)
  })

  test('installs in the place of the original, and its scripts run', async () => {
    const root = await mkdtemp(join(folder, 'root-'))
    await mkdir(join(root, 'var/lib/dpkg/info'), { recursive: true })
    await mkdir(join(root, 'var/lib/dpkg/updates'))
    await mustRun('touch', [join(root, 'var/lib/dpkg/status')])
    const replaced = await buildDeb(folder, {
      name: 'hello',
      postinst: '#!/bin/sh\necho "$DPKG_MAINTSCRIPT_PACKAGE $*" > "$DPKG_ROOT/log"\n',
    })
    await repackage(deb, [replaced], output, {
      ...changes,
      name: 'our-hello',
      relations: { ...words.relations, depends: [] },
    })

    await mustRun('dpkg', [
      '--root',
      root,
      '--force-script-chrootless',
      '--log=/dev/null',
      '--install',
      output,
    ])

    expect(await readFile(join(root, 'log'), 'utf8')).toBe('our-hello configure \n')
    expect(await readFile(join(root, 'usr/share/hello/greeting'), 'utf8')).toContain('hello from hello')
  })
})

describe('a deb cannot be made', () => {
  test('of one for another machine', async () => {
    const said = await failureTextOf(
      repackage(deb, [original], output, { ...changes, architecture: 'arm64' }),
    )

    await expect(said).toMatchFileSnapshot('testdata/errors/repackage-deb-architecture.txt')
  })

  test('of a file that is none', async () => {
    const said = await failureTextOf(repackage(deb, [import.meta.filename], output))

    await expect(said.replace(import.meta.filename, 'FILE')).toMatchFileSnapshot(
      'testdata/errors/repackage-deb-damaged.txt',
    )
  })
})
