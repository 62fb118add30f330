import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mustRun } from '../clients/command.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import {
  aptFormat,
  indexText,
  makeKey,
  publishDebs,
  removeFolder,
  scratchFolder,
  type TestKey,
} from './apt-world.ts'

let folder: string
let key: TestKey

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
})

afterAll(() => removeFolder(folder))

const everyField = {
  Source: 'hello-source (1.0-2)',
  Homepage: 'https://example.org/hello',
  'Multi-Arch': 'foreign',
  Essential: 'no',
  Bugs: 'https://example.org/bugs',
  Origin: 'Example',
  'Installed-Size': '12',
  Provides: 'greeter',
  'Pre-Depends': 'dpkg (>= 1.14)',
  Depends: 'libc6 (>= 2.31), libfoo | libbar',
  Recommends: 'a',
  Suggests: 'b',
  Conflicts: 'c',
  Breaks: 'd (<< 2)',
  Replaces: 'e',
  Enhances: 'f',
  'Built-Using': 'golang (= 1.20)',
  Tag: 'role::program',
  License: 'Apache-2.0',
  'X-Custom': 'value with ü and 日本',
  Description: 'greets the world\n A longer text, with ü.\n .\n   * verbatim\n The end.',
}

test('our stanzas equal those of apt-ftparchive, byte for byte', async () => {
  const repository = join(folder, 'stanzas')
  const debs = [
    await buildDeb(folder, { name: 'hello', version: '2:1.0~rc1+x-1', fields: everyField }),
    await buildDeb(folder, { name: 'libplain', architecture: 'all', section: 'contrib/libs' }),
  ]
  await publishDebs(debs, { to: repository, key, format: aptFormat({ architectures: ['amd64'] }) })

  const theirs = await mustRun('apt-ftparchive', ['packages', 'pool'], { cwd: repository })

  const ours = await indexText(repository, 'dists/stable/main/binary-amd64/Packages')
  expect(ours).toBe(Buffer.from(theirs).toString('latin1'))
})

test('our Release has the fields and the SHA256 section of apt-ftparchive', async () => {
  const repository = join(folder, 'release')
  const format = aptFormat({
    architectures: ['amd64', 'arm64'],
    codename: 'bookworm',
    origin: 'Example',
    label: 'Example packages',
    version: '12',
    description: 'Packages of Example',
    notAutomatic: true,
    butAutomaticUpgrades: true,
    validDays: 7,
    pinKeys: true,
  })
  await publishDebs([await buildDeb(folder, { name: 'rel' })], { to: repository, key, format })
  const tree = join(folder, 'tree')
  const indexes = ['main/binary-amd64/Packages', 'main/binary-arm64/Packages', 'main/Contents-amd64']
  for (const name of indexes) {
    await mkdir(dirname(join(tree, name)), { recursive: true })
    await copyFile(join(repository, 'dists/stable', `${name}.gz`), join(tree, `${name}.gz`))
    await writeFile(join(tree, name), await indexText(repository, `dists/stable/${name}`), 'latin1')
  }
  const wanted = {
    Suite: 'stable',
    Codename: 'bookworm',
    Origin: 'Example',
    Label: 'Example packages',
    Version: '12',
    Description: 'Packages of Example',
    NotAutomatic: 'yes',
    ButAutomaticUpgrades: 'yes',
    'Acquire-By-Hash': 'yes',
    'Signed-By': key.signer.fingerprint,
    Architectures: 'amd64 arm64',
    Components: 'main',
  }
  const settings = Object.entries(wanted).flatMap(([name, value]) => [
    '-o',
    `APT::FTPArchive::Release::${name}=${value}`,
  ])
  const off = ['MD5', 'SHA1', 'SHA512'].flatMap((name) => ['-o', `APT::FTPArchive::${name}=false`])
  const patterns = ['-o', 'APT::FTPArchive::Release::Patterns=*']

  const theirs = await mustRun('apt-ftparchive', [...settings, ...off, ...patterns, 'release', tree])

  const ours = await readFile(join(repository, 'dists/stable/Release'), 'utf8')
  const {
    Date: ourDate,
    'Valid-Until': validUntil,
    'Hawser-Generation': generation,
    ...ourFields
  } = fieldsOf(ours)
  const { Date: theirDate, ...theirFields } = fieldsOf(theirs)
  expect(ourFields).toEqual(theirFields)
  expect(ourDate).toBe('Tue, 01 Jul 2025 12:00:00 UTC')
  // apt-ftparchive leaves out a Valid-Until that has passed.
  expect(validUntil).toBe('Tue, 08 Jul 2025 12:00:00 UTC')
  expect(theirDate).toMatch(/^\w+, /)
  expect(generation).toMatch(/^1 [0-9a-f]{64}$/)
})

test('our Contents have the lines of apt-ftparchive, with the section before the name', async () => {
  const repository = join(folder, 'contents')
  const files = { 'usr/share/a b/with spaces': 'x', 'usr/bin/tool': 'x', 'etc/ümlaut': 'x' }
  const deb = await buildDeb(folder, { name: 'filled', files })
  await publishDebs([deb], { to: repository, key })

  const theirs = await mustRun('apt-ftparchive', ['contents', 'pool'], { cwd: repository })

  const ours = Buffer.from(
    await indexText(repository, 'dists/stable/main/Contents-amd64'),
    'latin1',
  ).toString()
  const lines = (text: string): string[][] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.replace(/\s+\S+$/, ''), basename(line.replace(/^.*\s/, ''))])
      .sort()
  expect(lines(ours)).toEqual(lines(theirs))
  expect(ours).toContain('usr/bin/tool utils/filled\n')
})

/** Field → value; hash sections as sorted lines. */
function fieldsOf(release: string): { [name: string]: string | string[] } {
  const fields: { [name: string]: string | string[] } = {}
  for (const chunk of release.trimEnd().split(/\n(?! )/)) {
    const [name = '', ...rest] = chunk.split(':')
    const value = rest.join(':')
    fields[name] = value.startsWith('\n')
      ? value
          .trim()
          .split('\n')
          .map((line) => line.trim().replaceAll(/\s+/g, ' '))
          .sort()
      : value.trim()
  }
  return fields
}
