import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failureText, TransientError } from '../../src/errors.ts'
import { fileStorage } from '../../src/storage/file/file-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { mustRun } from '../clients/command.ts'
import { buildDeb } from '../clients/dpkg-deb.ts'
import {
  aptFormat,
  entriesIn,
  indexText,
  inputOf,
  makeKey,
  now,
  publishDebs,
  removeFolder,
  scratchFolder,
  type TestKey,
  type TestPublish,
  treeOf,
} from './apt-world.ts'

let folder: string
let key: TestKey
let hello: string
let world: string
let repository: string
let dists: string
let count = 0

beforeAll(async () => {
  folder = await scratchFolder()
  key = await makeKey()
  hello = await buildDeb(folder, { name: 'hello' })
  world = await buildDeb(folder, { name: 'world' })
})

afterAll(() => removeFolder(folder))

beforeEach(async () => {
  count += 1
  repository = join(folder, `repository-${count}`)
  dists = join(repository, 'dists/stable')
  await publishDebs([hello], { to: repository, key })
})

/** Names that hold a digest, or that nobody reads yet: what a publish writes there before it fails is only garbage. */
const isHarmless = (path: string): boolean => /^(\.hawser|pool)\/|\/by-hash\//.test(path)

/** The text of a publish that must fail and must not change anything that readers see. */
async function refusal(files: readonly string[], settings: Partial<TestPublish> = {}): Promise<string> {
  const before = await treeOf(repository)
  const outcome = await publishDebs(files, { to: repository, key, ...settings }).then(
    () => new Error('it was published'),
    (error: unknown) => error,
  )
  const after = await treeOf(repository)
  for (const [path, bytes] of before) expect(after.get(path) === bytes, path).toBe(true)
  expect([...after.keys()].filter((path) => !before.has(path) && !isHarmless(path))).toEqual([])
  return cleaned(outcome)
}

function cleaned(error: unknown): string {
  return failureText(error)
    .replaceAll(repository, 'REPOSITORY')
    .replaceAll(folder, 'FOLDER')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'SHA256')
    .replaceAll(/\b[0-9A-F]{40}\b/g, 'FINGERPRINT')
    .replaceAll(/\b[0-9A-F]{16}\b/g, 'KEY_ID')
}

const golden = (name: string): string => `testdata/errors/apt-${name}.txt`

/** Replaces the Release by an unsigned one, as another tool would have published it. */
async function publishForeign(change: (release: string) => string): Promise<void> {
  const text = change(await readFile(join(dists, 'Release'), 'utf8'))
  await writeFile(join(dists, 'InRelease'), text)
  await writeFile(join(dists, 'Release'), text)
  await rm(join(dists, 'Release.gpg'))
}

/** Puts this text in place of the amd64 index, listed rightly. */
async function foreignIndex(text: string): Promise<void> {
  const binary = join(dists, 'main/binary-amd64')
  await rm(binary, { recursive: true })
  await mkdir(binary)
  await writeFile(join(binary, 'Packages'), text)
  const sum = (await mustRun('sha256sum', [join(binary, 'Packages')])).slice(0, 64)
  await publishForeign((release) =>
    release
      .replace(/^ .* main\/binary-amd64\/Packages\.gz\n/m, '')
      .replace(/^ .* main\/binary-amd64\/Packages\n/m, ` ${sum} ${text.length} main/binary-amd64/Packages\n`),
  )
}

test('other bytes under a released version', async () => {
  const other = await buildDeb(join(folder, 'other'), {
    name: 'hello',
    files: { 'usr/share/hello/greeting': 'changed\n' },
  })

  await expect(await refusal([other])).toMatchFileSnapshot(golden('swap'))
})

test('two packages of one identity', async () => {
  const one = await buildDeb(join(folder, 'one'), { name: 'twin', files: { a: '1' } })
  const two = await buildDeb(join(folder, 'two'), { name: 'twin', files: { a: '2' } })

  await expect(await refusal([one, two])).toMatchFileSnapshot(golden('twins'))
})

test('a file in the pool that no index lists', async () => {
  const path = join(repository, 'pool/main/w/world/world_1.0-1_amd64.deb')
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, 'something else')

  await expect(await refusal([world])).toMatchFileSnapshot(golden('pool-file'))
})

test('a file that is no package', async () => {
  await writeFile(join(folder, 'text.deb'), 'this is no package\n')

  await expect(await refusal([join(folder, 'text.deb')])).toMatchFileSnapshot(golden('no-package'))
})

test('a package that changed after it was built', async () => {
  const file = join(folder, 'changing.deb')
  await copyFile(world, file)
  const input = await inputOf(file)
  await copyFile(await buildDeb(join(folder, 'changing'), { name: 'world', files: { a: '1' } }), file)

  const text = await aptFormat().prepare(input).catch(cleaned)
  await expect(text).toMatchFileSnapshot(golden('artifact-changed'))
})

test('a version that would lead out of the pool', async () => {
  const deb = await evilDeb('Version: 1/../../../../etc/passwd')

  await expect(await refusal([deb])).toMatchFileSnapshot(golden('evil-version'))
})

test('a name that would be two lines of an index', async () => {
  const deb = await evilDeb('Source: ../../x')

  await expect(await refusal([deb])).toMatchFileSnapshot(golden('evil-source'))
})

/** dpkg-deb refuses such fields, so the archive is made by hand. */
async function evilDeb(field: string): Promise<string> {
  const place = join(folder, `evil-${field.length}`)
  await mkdir(place, { recursive: true })
  const fields = {
    Package: 'evil',
    Version: '1.0',
    Architecture: 'amd64',
    Maintainer: 'X <x@example.org>',
    Description: 'x',
  }
  const [name = '', value = ''] = field.split(': ')
  const control = Object.entries({ ...fields, [name]: value }).map(([label, text]) => `${label}: ${text}\n`)
  await writeFile(join(place, 'control'), control.join(''))
  await writeFile(join(place, 'debian-binary'), '2.0\n')
  await mustRun('tar', ['czf', 'control.tar.gz', './control'], { cwd: place })
  await mustRun('tar', ['czf', 'data.tar.gz', '--files-from', '/dev/null'], { cwd: place })
  await mustRun('ar', ['rc', 'evil.deb', 'debian-binary', 'control.tar.gz', 'data.tar.gz'], { cwd: place })
  return join(place, 'evil.deb')
}

test('a repository of an unknown key', async () => {
  const stranger = await makeKey('Stranger <stranger@example.org>')

  await expect(await refusal([world], { key: stranger })).toMatchFileSnapshot(golden('unknown-key'))
})

test('an InRelease that was changed after it was signed', async () => {
  const path = join(dists, 'InRelease')
  await writeFile(path, (await readFile(path, 'utf8')).replace('Suite: stable', 'Suite: broken'))

  await expect(await refusal([world])).toMatchFileSnapshot(golden('tampered'))
  expect(await refusal([world], { adopt: true })).toContain('REPOSITORY_TAMPERED')
})

test('an InRelease that is cut off', async () => {
  const path = join(dists, 'InRelease')
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, 300))

  await expect(await refusal([world])).toMatchFileSnapshot(golden('cut-off'))
})

test('a repository that nobody signed', async () => {
  await publishForeign((release) => release)

  await expect(await refusal([world])).toMatchFileSnapshot(golden('unsigned'))
})

test('a signed repository and no key', async () => {
  const text = await refusal([world], { signers: [], verifier: key.verifier })

  await expect(text).toMatchFileSnapshot(golden('signature-loss'))
})

test('a signed repository and nothing to check it with', async () => {
  await expect(await refusal([world], { verifier: undefined })).toMatchFileSnapshot(golden('no-verifier'))
})

test('a signing key that is not among the trusted ones', async () => {
  const fresh = await makeKey('Fresh <fresh@example.org>')

  const text = await refusal([world], { signers: [fresh.signer], verifier: key.verifier })
  await expect(text).toMatchFileSnapshot(golden('key-not-trusted'))
})

test('a Release that is something else', async () => {
  await publishForeign(() => '<html>\n<p>Not found</p>\n</html>\n')

  await expect(await refusal([world], { adopt: true })).toMatchFileSnapshot(golden('html'))
})

test('a Release with a broken line of digests', async () => {
  await publishForeign((release) => release.replace(/^ [0-9a-f]{64}/m, ' not-a-digest'))

  await expect(await refusal([world], { adopt: true })).toMatchFileSnapshot(golden('digest-line'))
})

test('a Release with weak digests only', async () => {
  await publishForeign((release) => release.replace('SHA256:', 'MD5Sum:'))

  await expect(await refusal([world], { adopt: true })).toMatchFileSnapshot(golden('weak'))
})

test('an index that is gone', async () => {
  await rm(join(dists, 'main/binary-amd64'), { recursive: true })

  await expect(await refusal([world])).toMatchFileSnapshot(golden('index-gone'))
})

test('an index that was changed', async () => {
  const binary = join(dists, 'main/binary-amd64')
  await rm(join(binary, 'by-hash'), { recursive: true })
  const bytes = await readFile(join(binary, 'Packages.gz'))
  bytes[20] = (bytes[20] ?? 0) ^ 1
  await writeFile(join(binary, 'Packages.gz'), bytes)

  await expect(await refusal([world])).toMatchFileSnapshot(golden('index-changed'))
})

test('an index in a form that only others read', async () => {
  await publishForeign((release) =>
    release
      .replace(/^ .* main\/binary-amd64\/Packages\n/m, '')
      .replace('main/binary-amd64/Packages.gz', 'main/binary-amd64/Packages.bz2'),
  )

  await expect(await refusal([world], { adopt: true })).toMatchFileSnapshot(golden('index-form'))
})

test.each([
  ['no-filename', 'Package: x\nVersion: 1\nArchitecture: amd64\nSize: 1\n'],
  ['no-size', 'Package: x\nVersion: 1\nArchitecture: amd64\nFilename: pool/x.deb\n'],
  ['no-name', 'Version: 1\nFilename: pool/x.deb\nSize: 1\n'],
  ['no-field', 'Package: x\nthis is no field\n'],
])('an index with a paragraph that has %s', async (name, text) => {
  await foreignIndex(text)

  await expect(await refusal([world], { adopt: true })).toMatchFileSnapshot(golden(`stanza-${name}`))
})

test('a foreign index that lost what was published', async () => {
  await publishDebs([world], { to: repository, key })
  const text = await indexText(repository, 'dists/stable/main/binary-amd64/Packages')
  const lost = text.split(/(?<=\n\n)/).filter((paragraph) => !paragraph.startsWith('Package: hello\n'))
  await foreignIndex(lost.join(''))
  const release = await readFile(join(dists, 'Release'), 'utf8')
  await writeFile(join(dists, 'InRelease'), await key.signer.signCleartext(release, now))
  const third = await buildDeb(folder, { name: 'third' })

  await expect(await refusal([third])).toMatchFileSnapshot(golden('shrink'))
})

test.each([
  ['name', { name: 'my packages' }],
  ['url', { publicUrl: 'https://example.org/apt\nSigned-By: /dev/null' }],
])('a %s that would break the client files', async (what, settings) => {
  await expect(await refusal([world], settings)).toMatchFileSnapshot(golden(`client-${what}`))
})

/** A storage of which one read, of whatever kind, fails. */
function failingAt(
  storage: Storage,
  failing: number,
): { readonly storage: Storage; readonly reads: () => number } {
  let reads = 0
  const check = (path: string): void => {
    reads += 1
    if (reads === failing) throw new TransientError('STORAGE_UNAVAILABLE', `503 while reading ${path}`)
  }
  return {
    reads: () => reads,
    storage: {
      ...storage,
      get: async (path, options) => {
        check(path)
        return storage.get(path, options)
      },
      head: async (path, options) => {
        check(path)
        return storage.head(path, options)
      },
      async *list(prefix, options) {
        check(prefix)
        yield* storage.list(prefix, options)
      },
    },
  }
}

const listedNames = async (path: string): Promise<readonly string[]> =>
  (await entriesIn(fileStorage(path))).map(({ name }) => name).sort()

describe.each([
  ['of ours', async () => undefined],
  [
    'of another tool',
    async () => publishForeign((release) => release.replace(/^Hawser-Generation.*\n/m, '')),
  ],
])('when any one read fails in a repository %s', (_, prepare) => {
  test('nothing is lost, and nothing starts anew', async () => {
    await prepare()
    for (let failing = 1, isFinished = false; !isFinished; failing += 1) {
      const copy = join(folder, `reading-${count}-${failing}`)
      await cp(repository, copy, { recursive: true })
      const unreliable = failingAt(fileStorage(copy), failing)

      const outcome = await publishDebs([world], { to: unreliable.storage, key, adopt: true }).catch(
        (error) => error,
      )
      isFinished = unreliable.reads() < failing
      if (isFinished) expect(outcome).toMatchObject({ added: [{ name: 'world' }] })
      else expect(outcome.message).toContain('503 while reading')
      expect([['hello'], ['hello', 'world']]).toContainEqual(await listedNames(copy))
      await publishDebs([world], { to: copy, key, adopt: true })
      expect(await listedNames(copy)).toEqual(['hello', 'world'])
    }
  })
})

test('when any one read fails, a publish of what is there writes nothing', async () => {
  const before = await treeOf(repository)
  const url = fileStorage(repository).url
  for (let failing = 1, isFinished = false; !isFinished; failing += 1) {
    const { storage, reads } = failingAt(fileStorage(repository), failing)
    const refuse = (path: string) => Promise.reject(new Error(`wrote ${path}`))
    const readOnly: Storage = {
      ...storage,
      put: refuse,
      compose: refuse,
      delete: refuse,
      copy: (__, path) => refuse(path),
    }
    const outcome = await publishDebs([hello], { to: readOnly, key, publicUrl: url }).catch((error) => error)
    isFinished = reads() < failing
    if (isFinished) expect(outcome).toMatchObject({ added: [] })
    else expect(outcome.message).toContain('503 while reading')
  }
  expect(await treeOf(repository)).toEqual(before)
})
