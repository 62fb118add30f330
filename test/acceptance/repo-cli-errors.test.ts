import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { otherBytes, type RepositoryProject, repositoryProject } from './repo-project.ts'

const inRelease = 'dists/stable/InRelease'
const bodies = 'dists/stable/main/binary-amd64'
const edit = async (path: string, change: (text: string) => string): Promise<void> =>
  writeFile(path, change(await readFile(path, 'utf8')))

/** Copies of a repository that was published twice, and what is done to each. */
const damages: { readonly [name: string]: (folder: string) => Promise<unknown> } = {
  tampered: (at) => edit(join(at, inRelease), (text) => text.replace('Origin: Hello', 'Origin: Jello')),
  cut: (at) => edit(join(at, inRelease), (text) => text.slice(0, 200)),
  hollow: (at) => truncate(join(at, inRelease)),
  unsigned: (at) =>
    edit(join(at, inRelease), (text) =>
      text.replace(/^-----BEGIN PGP SIGNED.*?\n\n/s, '').replace(/-----BEGIN PGP SIG.*/s, ''),
    ),
  unindexed: async (at) => {
    for (const name of ['by-hash', 'Packages.gz']) await rm(join(at, bodies, name), { recursive: true })
  },
  damaged: async (at) => {
    for (const name of await readdir(join(at, bodies, 'by-hash/SHA256'))) {
      const path = join(at, bodies, 'by-hash/SHA256', name)
      const bytes = await readFile(path)
      bytes.fill(0, bytes.length >> 1)
      await writeFile(path, bytes)
    }
  },
  replayed: (at) => cp(join(project.outside('first'), inRelease), join(at, inRelease)),
  unfilled: (at) => rm(join(at, 'pool/main/s/sample-000001'), { recursive: true }),
  unrecorded: (at) => rm(join(at, '.hawser'), { recursive: true }),
  /** Not damaged: with one package it is sure which file an export fails at. */
  single: async (at) => {
    await rm(at, { recursive: true })
    await cp(project.outside('first'), at, { recursive: true })
  },
  tableless: (at) => rm(join(at, '.hawser/dists/stable/lookup'), { recursive: true }),
}

let project: RepositoryProject

beforeAll(async () => {
  project = await repositoryProject({
    debian: {},
    stage: {},
    fedora: { format: 'dnf' },
    empty: {},
    blocked: { path: 'a-file/debian' },
    lost: { key: 'lost' },
    broken: { key: 'broken' },
    public: { key: 'public' },
    ...Object.fromEntries(Object.keys(damages).map((name) => [name, {}])),
  })
  const { debs, outside, published, repo, write } = project
  const block = (lines: string) => `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${lines}\n`
  await write('.hawser/keys/broken.asc', block('abc\n-----END PGP PRIVATE KEY BLOCK-----'))
  await write('.hawser/keys/public.asc', block('lQdGBGXv'))
  await write('repositories/a-file', 'not a folder\n')
  await writeFile(outside('cut.deb'), (await readFile(join(project.root, debs[0] ?? ''))).subarray(0, 300))
  await writeFile(outside('page.deb'), '<html>Not found</html>\n')
  await otherBytes(join(project.root, debs[0] ?? ''), outside('other.deb'))
  for (const [deb, to] of [
    [debs[0], 'first'],
    [debs[1], 'second'],
  ] as const) {
    expect(await repo('add', 'debian', deb ?? '')).toMatchObject({ code: 0 })
    await cp(published('debian'), outside(to), { recursive: true })
  }
  for (const [name, damage] of Object.entries(damages)) {
    await cp(outside('second'), published(name), { recursive: true })
    await damage(published(name))
  }
})
afterAll(() => project.remove())

/** What people see, without what differs between machines and runs. */
async function said(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly text: string }> {
  const { code, stdout, stderr } = await project.repo(...args)
  const text = `${stdout}${stderr}`
    .replaceAll(project.outside(), '/FOLDER')
    .replaceAll(/\b[0-9A-F]{40}\b/g, 'FINGERPRINT')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'DIGEST')
  return { code, text: text.trimEnd() }
}

/** A file of the golden text → what is typed after `hawser repo`. */
type Inputs = { readonly [name: string]: readonly [code: number, ...args: readonly string[]] }

const usage: Inputs = {
  'no-verb': [2],
  'no-name': [2, 'list'],
  'unknown-verb': [2, 'delete', 'debian'],
  'unknown-repository': [2, 'list', 'debain'],
  'unknown-target': [2, 'promote', 'debian', 'stagge'],
  'unknown-option': [2, 'gc', 'debian', '--keeps', '3'],
  'option-of-another-verb': [2, 'remove', 'debian', 'sample-000000', '--dry-run'],
  'word-too-many': [2, 'verify', 'debian', 'deep'],
  'export-word-too-many': [2, 'export', 'debian', '../a', '../b'],
  'add-nothing': [2, 'add', 'debian'],
  'remove-nothing': [2, 'remove', 'debian'],
  'promote-nowhere': [2, 'promote', 'debian'],
  'promote-to-itself': [2, 'promote', 'debian', 'debian'],
  'export-nowhere': [2, 'export', 'debian'],
  'rollback-nowhere': [2, 'rollback', 'debian'],
  'rollback-to-zero': [2, 'rollback', 'debian', '--to', '0'],
  'rollback-to-a-version': [2, 'rollback', 'debian', '--to', 'v1.0'],
  'gc-keep-zero': [2, 'gc', 'debian', '--keep', '0'],
  'gc-bad-duration': [2, 'gc', 'debian', '--grace', 'tomorrow'],
}

const packages: Inputs = {
  'add-absent-file': [2, 'add', 'debian', '../absent.deb'],
  'add-empty-folder': [2, 'add', 'debian', '../none'],
  'add-other-format': [2, 'add', 'fedora', '../debs/sample-000000_1.0.0-1_amd64.deb'],
  'add-cut-off': [2, 'add', 'debian', '../cut.deb'],
  'add-no-package': [2, 'add', 'debian', '../page.deb'],
  'add-other-bytes': [5, 'add', 'debian', '../other.deb'],
  'remove-unknown': [2, 'remove', 'debian', 'sample-000000=9.9'],
  'promote-unknown': [2, 'promote', 'debian', 'stage', 'sample-000000=1.0.0-1:arm64'],
  'promote-other-format': [2, 'promote', 'debian', 'fedora'],
  'rollback-unknown': [2, 'rollback', 'debian', '--to', '9'],
}

const places: Inputs = {
  'absent-list': [2, 'list', 'empty'],
  'absent-verify': [1, 'verify', 'empty'],
  'absent-history': [2, 'history', 'empty'],
  'absent-remove': [2, 'remove', 'empty', 'sample-000000'],
  'absent-promote': [2, 'promote', 'empty', 'stage'],
  'absent-rollback': [2, 'rollback', 'empty', '--to', '1'],
  'absent-refresh': [2, 'refresh', 'empty'],
  'absent-gc': [2, 'gc', 'empty'],
  'absent-export': [2, 'export', 'empty', '../exported'],
  'init-behind-a-file': [2, 'init', 'blocked'],
  'export-onto-a-file': [2, 'export', 'single', 'repositories/a-file'],
  'export-into-itself': [2, 'export', 'debian', 'repositories/debian/copy'],
  'export-around-itself': [2, 'export', 'debian', 'repositories'],
  'key-missing': [2, 'init', 'lost'],
  'key-broken': [2, 'init', 'broken'],
  'key-cut-off': [2, 'init', 'public'],
}

const broken: Inputs = {
  'tampered-list': [5, 'list', 'tampered'],
  'tampered-verify': [1, 'verify', 'tampered'],
  'tampered-add': [5, 'add', 'tampered', '../debs'],
  'cut-refresh': [2, 'refresh', 'cut'],
  'hollow-list': [2, 'list', 'hollow'],
  'unsigned-add': [5, 'add', 'unsigned', '../debs'],
  'unindexed-list': [2, 'list', 'unindexed'],
  'unindexed-remove': [2, 'remove', 'unindexed', 'sample-000000'],
  'damaged-verify': [1, 'verify', 'damaged'],
  'replayed-add': [5, 'add', 'replayed', '../debs'],
  'replayed-rollback': [5, 'rollback', 'replayed', '--to', '1'],
  'replayed-verify': [1, 'verify', 'replayed'],
  'unfilled-verify': [1, 'verify', 'unfilled'],
  'unfilled-export': [2, 'export', 'unfilled', '../exported-unfilled'],
  'unrecorded-gc': [2, 'gc', 'unrecorded'],
  'unrecorded-rollback': [2, 'rollback', 'unrecorded', '--to', '1'],
  'tableless-gc': [2, 'gc', 'tableless', '--grace', '0s'],
}

describe.each([
  ['wrong use', usage],
  ['packages', packages],
  ['places and keys', places],
  ['repositories that were damaged', broken],
])('%s', (_what, inputs) => {
  test.concurrent.for(Object.entries(inputs))('%s', async ([name, [code, ...args]], context) => {
    const { code: found, text } = await said(args)

    context.expect(found, text).toBe(code)
    await context.expect(text).toMatchFileSnapshot(`testdata/errors/repo/${name}.txt`)
  })
})

test('none of it has changed what is published', async () => {
  for (const path of [inRelease, '.hawser/dists/stable/latest.json']) {
    expect(await readFile(project.published('debian', path))).toEqual(
      await readFile(project.outside('second', path)),
    )
  }
  expect(await readdir(project.published('debian'))).toEqual(await readdir(project.outside('second')))
  const untouched = await readdir(project.published())
  expect(untouched.filter((name) => ['empty', 'lost', 'broken', 'public', 'stage'].includes(name))).toEqual(
    [],
  )
})
