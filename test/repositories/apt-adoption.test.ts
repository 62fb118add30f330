import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/errors.ts'
import { parseRelease } from '../../src/repositories/apt/release.ts'
import { verifyRepository } from '../../src/repositories/verify.ts'
import { openpgpVerifier } from '../../src/signing/openpgp/verifier.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import { AptClient } from '../clients/apt.ts'
import { mustRun } from '../clients/command.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import {
  aptFormat,
  clientOf,
  entriesIn,
  indexText,
  later,
  makeKey,
  publishDebs,
  removeFolder,
  scratchFolder,
  type TestKey,
  treeOf,
  watching,
} from './apt-world.ts'

let folder: string
let foreign: TestKey
let key: TestKey
let gpg: string
let debs: { readonly main: string[]; readonly contrib: string[] }
let addition: string

beforeAll(async () => {
  folder = await scratchFolder()
  foreign = await makeKey('Former <former@example.org>')
  key = await makeKey()
  gpg = join(folder, 'gpg')
  await mkdir(gpg, { mode: 0o700 })
  await mustRun('gpg', ['--homedir', gpg, '--batch', '--import'], { input: foreign.privateKeyArmored })
  debs = {
    main: [
      await buildDeb(folder, { name: 'old', fields: { 'X-Unknown': 'kept', Description: 'kept\n with ü.' } }),
      await buildDeb(folder, { name: 'old-arm', architecture: 'arm64' }),
      await buildDeb(folder, { name: 'old-data', architecture: 'all' }),
    ],
    contrib: [await buildDeb(folder, { name: 'other', section: 'contrib/utils' })],
  }
  addition = await buildDeb(folder, { name: 'fresh', version: '2.0-1' })
})

afterAll(async () => {
  await mustRun('gpgconf', ['--homedir', gpg, '--kill', 'gpg-agent'])
  await removeFolder(folder)
})

async function byReprepro(repository: string): Promise<void> {
  await mkdir(join(repository, 'conf'), { recursive: true })
  const distribution = {
    Codename: 'bookworm',
    Suite: 'stable',
    Origin: 'Former',
    Label: 'Former label',
    Description: 'Packages of the former',
    Components: 'main contrib',
    Architectures: 'amd64 arm64',
    UDebComponents: 'main',
    Contents: '.gz',
    DebIndices: 'Packages Release . .gz .bz2 .xz',
    SignWith: foreign.signer.fingerprint,
  }
  const lines = Object.entries(distribution).map(([name, value]) => `${name}: ${value}\n`)
  await writeFile(join(repository, 'conf/distributions'), lines.join(''))
  for (const [component, files] of Object.entries(debs)) {
    const args = ['-b', repository, '-C', component, 'includedeb', 'bookworm', ...files]
    await mustRun('reprepro', args, { environment: { GNUPGHOME: gpg } })
  }
}

async function byAptly(repository: string): Promise<void> {
  const config = join(repository, 'aptly.conf')
  await mkdir(repository, { recursive: true })
  await writeFile(config, JSON.stringify({ rootDir: repository, architectures: ['amd64', 'arm64'] }))
  const aptly = (...args: string[]) =>
    mustRun('aptly', [`-config=${config}`, ...args], { environment: { HOME: folder } })
  for (const [component, files] of Object.entries(debs)) {
    await aptly('repo', 'create', `-component=${component}`, component)
    await aptly('repo', 'add', component, ...files)
  }
  const names = ['-acquire-by-hash', '-origin=Former', '-label=Former label', '-distribution=bookworm']
  await aptly('publish', 'repo', '-skip-signing', ...names, '-component=,', 'main', 'contrib')
}

async function byFtparchive(repository: string): Promise<void> {
  for (const [component, files] of Object.entries(debs)) {
    await mkdir(join(repository, 'pool', component), { recursive: true })
    for (const file of files) await mustRun('cp', [file, join(repository, 'pool', component)])
    await scanPool(repository, component, ['Packages', 'Packages.gz', 'Packages.xz'])
  }
  const i18n = join(repository, 'dists/bookworm/main/i18n')
  await mkdir(i18n)
  await writeFile(join(i18n, 'Translation-de'), 'Package: old\nDescription-md5: 0\nDescription-de: alt\n')
  const text = await writeRelease(repository)
  const sign = ['--homedir', gpg, '--batch', '--clearsign', '--output', '-']
  await writeFile(join(repository, 'dists/bookworm/InRelease'), await mustRun('gpg', sign, { input: text }))
}

/** As deb-s3 lays it out: no InRelease, no names by hash, gzip and plain. */
async function byDebS3(repository: string): Promise<void> {
  for (const [component, files] of Object.entries(debs)) {
    await mkdir(join(repository, 'pool', component), { recursive: true })
    for (const file of files) await mustRun('cp', [file, join(repository, 'pool', component)])
    await scanPool(repository, component, ['Packages', 'Packages.gz'])
  }
  await writeRelease(repository)
  const release = join(repository, 'dists/bookworm/Release')
  await mustRun('gpg', [
    '--homedir',
    gpg,
    '--batch',
    '--armor',
    '--detach-sign',
    '--output',
    `${release}.gpg`,
    release,
  ])
}

type IndexFile = 'Packages' | 'Packages.gz' | 'Packages.xz'

async function scanPool(repository: string, component: string, files: readonly IndexFile[]): Promise<void> {
  for (const architecture of ['amd64', 'arm64']) {
    const binary = join(repository, `dists/bookworm/${component}/binary-${architecture}`)
    await rm(binary, { recursive: true, force: true })
    await mkdir(binary, { recursive: true })
    const args = ['--arch', architecture, 'packages', `pool/${component}`]
    const packages = await mustRun('apt-ftparchive', args, { cwd: repository })
    await writeFile(join(binary, 'Packages'), packages)
    await writeFile(join(binary, 'Packages.gz'), gzipSync(packages))
    if (files.includes('Packages.xz')) await mustRun('xz', ['-k', join(binary, 'Packages')])
  }
}

async function writeRelease(repository: string): Promise<string> {
  const fields = {
    Codename: 'bookworm',
    Suite: 'stable',
    Components: 'main contrib',
    Architectures: 'amd64 arm64',
  }
  const settings = Object.entries(fields).flatMap(([name, value]) => [
    '-o',
    `APT::FTPArchive::Release::${name}=${value}`,
  ])
  const patterns = ['-o', 'APT::FTPArchive::Release::Patterns::=Translation-de']
  for (const name of ['InRelease', 'Release', 'Release.gpg']) {
    await rm(join(repository, 'dists/bookworm', name), { force: true })
  }
  const release = await mustRun('apt-ftparchive', [...settings, ...patterns, 'release', 'dists/bookworm'], {
    cwd: repository,
  })
  const text = `${release.trimEnd()}\nX-Former-Field: kept\n`
  await writeFile(join(repository, 'dists/bookworm/Release'), text)
  return text
}

const makers = [
  { tool: 'reprepro', make: byReprepro, root: '.', isSigned: true },
  { tool: 'aptly', make: byAptly, root: 'public', isSigned: false },
  { tool: 'apt-ftparchive', make: byFtparchive, root: '.', isSigned: true },
  { tool: 'deb-s3', make: byDebS3, root: '.', isSigned: true },
]

const format = () => aptFormat({ suite: 'bookworm' })

describe.each(makers)('a repository made by $tool', ({ tool, make, root, isSigned }) => {
  let repository: string
  let before: Map<string, string>

  beforeAll(async () => {
    await make(join(folder, tool))
    repository = join(folder, tool, root)
    before = await treeOf(repository)
  })

  test('is not touched without being told to take it over', async () => {
    const outcome = await publishDebs([addition], { to: repository, key, format: format() }).catch(
      (error) => error,
    )

    expect(outcome).toBeInstanceOf(Refusal)
    expect(outcome).toMatchObject({ code: isSigned ? 'REPOSITORY_SIGNATURE' : 'REPOSITORY_UNSIGNED' })
    expect(await treeOf(repository)).toEqual(before)
  })

  test('keeps every entry and every field when it is taken over', async () => {
    const result = await publishDebs([addition], {
      to: repository,
      key,
      format: format(),
      adopt: true,
      date: later,
    })

    expect(result.added).toMatchObject([{ name: 'fresh' }])
    const after = await treeOf(repository)
    await expectStanzasKept(before, repository)
    await expectContentsKept(before, repository)
    expectReleaseKept(before, after)
    expectNothingStale(before, after)
    const storage = fileStorage(repository)
    expect(await verifyRepository({ format: format(), storage, verifier: key.verifier, deep: true })).toEqual(
      [],
    )
  })

  test('is read by apt afterwards, in all its components and architectures', async () => {
    const expected = {
      amd64: ['fresh 2.0-1 amd64', 'old 1.0-1 amd64', 'old-data 1.0-1 all', 'other 1.0-1 amd64'],
      arm64: ['old-arm 1.0-1 arm64', 'old-data 1.0-1 all'],
    }
    for (const [architecture, packages] of Object.entries(expected)) {
      const client = await AptClient.create(join(folder, `client-${tool}-${architecture}`), architecture)
      await writeFile(client.root('etc/apt/keyrings/test.gpg'), key.signer.publicKeyBinary)
      await client.useLine(
        `deb [signed-by=${client.root('etc/apt/keyrings/test.gpg')}] file://${repository} bookworm main contrib`,
      )
      expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
      expect(await client.available()).toEqual(packages)
      // This machine's dpkg does not install packages of a foreign architecture.
      const names = packages.map((line) => line.split(' ')[0] ?? '')
      const options = architecture === 'amd64' ? [] : ['--download-only']
      expect(await client.get(...options, 'install', ...names)).toMatchObject({ status: 0 })
    }
  })

  test('needs to be told only once, and the same packages again are a no-op', async () => {
    const taken = await treeOf(repository)

    const result = await publishDebs([addition], { to: repository, key, format: format() })

    expect(result).toMatchObject({ added: [], kept: [{ name: 'fresh' }] })
    expect(await treeOf(repository)).toEqual(taken)
  })
})

test('a repository that a trusted key signed needs no taking over, and its signature stays until there is something to add', async () => {
  const repository = join(folder, 'trusted')
  await byFtparchive(repository)
  const verifier = await openpgpVerifier([foreign.signer.publicKeyBinary, key.signer.publicKeyBinary])
  const before = await readFile(join(repository, 'dists/bookworm/InRelease'), 'utf8')

  await publishDebs([debs.main[0] ?? ''], { to: repository, key, verifier, format: format() })
  expect(await readFile(join(repository, 'dists/bookworm/InRelease'), 'utf8')).toBe(before)

  await publishDebs([addition], { to: repository, key, verifier, format: format(), date: later })
  const entry = await format().readEntry(fileStorage(repository), { verifier: key.verifier })
  expect(entry?.signature).toEqual({ status: 'verified', fingerprint: key.signer.fingerprint })
  const names = (await entriesIn(fileStorage(repository), format())).map(({ name }) => name)
  expect([...new Set(names)].sort()).toEqual(['fresh', 'old', 'old-arm', 'old-data', 'other'])
})

test('a flat repository is taken over as well', async () => {
  const repository = join(folder, 'flat')
  await mkdir(repository)
  for (const file of debs.main) await mustRun('cp', [file, repository])
  const packages = await mustRun('apt-ftparchive', ['packages', '.'], { cwd: repository })
  await writeFile(join(repository, 'Packages'), packages)
  await writeFile(join(repository, 'Packages.gz'), gzipSync(packages))
  const release = await mustRun('apt-ftparchive', ['release', '.'], { cwd: repository })
  await writeFile(join(repository, 'Release'), release)
  const flat = aptFormat({ suite: './' })

  await publishDebs([addition], { to: repository, key, format: flat, adopt: true, date: later })

  expect(await indexText(repository, 'Packages')).toContain(Buffer.from(packages).toString('latin1'))
  const client = await clientOf(repository, join(folder, 'client-flat'))
  expect(await client.get('update')).toMatchObject({ status: 0, stderr: '' })
  expect(await client.available()).toEqual([
    'fresh 2.0-1 amd64',
    'old 1.0-1 amd64',
    'old-arm 1.0-1 arm64',
    'old-data 1.0-1 all',
  ])
  expect((await client.get('install', 'fresh', 'old', 'old-data')).status).toBe(0)
  const storage = fileStorage(repository)
  expect(await verifyRepository({ format: flat, storage, verifier: key.verifier, deep: true })).toEqual([])
})

test('a takeover that dies at any write leaves what was there, or all of it and the addition', async () => {
  const start = join(folder, 'dying')
  await byDebS3(start)
  const settings = { key, format: format(), adopt: true, date: later, publicUrl: 'https://example.org/apt' }
  const straight = join(folder, 'straight')
  await mustRun('cp', ['-a', start, straight])
  await publishDebs([addition], { to: straight, ...settings })
  const expected = await treeOf(straight)

  for (let write = 1, isFinished = false; !isFinished; write += 1) {
    const repository = join(folder, `dying-${write}`)
    await mustRun('cp', ['-a', start, repository])
    let writes = 0
    const dying = watching(fileStorage(repository), (path, act) => {
      writes += 1
      return writes >= write ? Promise.reject(new Error(`died at ${path}`)) : act()
    })
    const outcome = await publishDebs([addition], { to: dying, ...settings }).catch((error) => error)
    isFinished = writes < write
    if (!isFinished) expect(outcome.message).toContain('died at')

    const between = await entriesIn(fileStorage(repository), format())
    expect([5, 6]).toContain(between.length)
    await publishDebs([addition], { to: repository, ...settings })
    expect(await treeOf(repository)).toEqual(expected)
  }
}, 120_000)

test('what another tool publishes after us is taken over again, and nothing of either is lost', async () => {
  const repository = join(folder, 'in-turns')
  const verifier = await openpgpVerifier([foreign.signer.publicKeyBinary, key.signer.publicKeyBinary])
  const settings = { to: repository, key, verifier, format: format() }
  await publishDebs([...debs.main, addition], settings)
  await publishDebs(debs.contrib, {
    ...settings,
    format: aptFormat({ suite: 'bookworm', component: 'contrib' }),
  })
  const theirs = await buildDeb(folder, { name: 'theirs' })
  await mustRun('cp', [theirs, join(repository, 'pool/main')])
  for (const component of ['main', 'contrib']) await scanPool(repository, component, ['Packages.gz'])
  const text = await writeRelease(repository)
  const release = join(repository, 'dists/bookworm/InRelease')
  await writeFile(release, await foreign.signer.signCleartext(text, later))

  const last = await buildDeb(folder, { name: 'last' })
  await publishDebs([last], { ...settings, date: later })

  const entries = await entriesIn(fileStorage(repository), format())
  const amd64 = entries.filter(({ listedIn }) => listedIn?.[0]?.endsWith('amd64/Packages'))
  expect(amd64.map(({ name }) => name).sort()).toEqual([
    'fresh',
    'last',
    'old',
    'old-data',
    'other',
    'theirs',
  ])
  expect(await readFile(release, 'utf8')).toContain('\nX-Former-Field: kept\n')
  expect(
    await verifyRepository({ format: format(), storage: fileStorage(repository), verifier, deep: true }),
  ).toEqual([])
})

async function expectStanzasKept(before: Map<string, string>, repository: string): Promise<void> {
  let stanzas = 0
  for (const [path, text] of before) {
    if (!/\/binary-[^/]+\/Packages$/.test(path)) continue
    const after = await indexText(repository, path)
    for (const stanza of text.split('\n\n').filter((paragraph) => paragraph.trim() !== '')) {
      expect(after).toContain(`${stanza.trimEnd()}\n\n`)
      stanzas += 1
    }
  }
  expect(stanzas).toBeGreaterThanOrEqual(5)
}

async function expectContentsKept(before: Map<string, string>, repository: string): Promise<void> {
  for (const [path, bytes] of before) {
    if (!/\/Contents-(?!udeb)[^/]+\.gz$/.test(path)) continue
    const after = await indexText(repository, path.replace(/\.gz$/, ''))
    const lines = gunzipSync(Buffer.from(bytes, 'latin1')).toString('latin1').split('\n')
    expect(after.split('\n')).toEqual(expect.arrayContaining(lines))
  }
}

/** The plain form is not renewed, so it is there only where it is still right. */
function expectNothingStale(before: Map<string, string>, after: Map<string, string>): void {
  const plain = [...before.keys()].filter((path) => /\/binary-[^/]+\/Packages$/.test(path))
  const kept = plain.filter((path) => after.has(path))
  expect(kept.length).toBeLessThan(plain.length)
  for (const path of kept) expect(after.get(path)).toBe(before.get(path))
}

// Of the changed index in forms that we do not write, and what a publish must change.
const changed = new Set(['Date', 'Acquire-By-Hash'])

function expectReleaseKept(before: Map<string, string>, after: Map<string, string>): void {
  const path = 'dists/bookworm/Release'
  const [old, fresh] = [before, after].map((tree) => parseRelease(tree.get(path) ?? '', path))
  for (const field of old?.fields ?? []) {
    if (!changed.has(field.name)) expect(fresh?.fields).toContainEqual(field)
  }
  const lost = [...(old?.files.keys() ?? [])].filter((name) => !fresh?.files.has(name))
  expect(lost.filter((name) => !/\/Packages\.bz2$/.test(name))).toEqual([])
  for (const [name, listed] of old?.files ?? []) {
    if (!/Packages|Contents/.test(name)) expect(fresh?.files.get(name)).toEqual(listed)
  }
  expect(fresh?.sections).toEqual(old?.sections)
}
