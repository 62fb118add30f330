import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { loadConfig } from './load.ts'
import { fakeKinds } from './testdata/fake-kinds.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-load-'))
})
afterEach(() => rm(root, { recursive: true }))

const load = (text: string | Uint8Array, file = 'hawser.yaml') => loadConfig({ text, file, kinds: fakeKinds })

describe('a file that cannot be read', () => {
  const failure = async () => {
    const path = join(root, 'hawser.yaml')
    return failureText(await loadConfig({ path, kinds: fakeKinds }).catch((error: unknown) => error))
  }

  test('because it is not there', async () => {
    await expect(await failure()).toMatchFileSnapshot('testdata/errors/file-missing.txt')
  })

  test('because it is a folder', async () => {
    await mkdir(join(root, 'hawser.yaml'))

    await expect(await failure()).toMatchFileSnapshot('testdata/errors/file-is-folder.txt')
  })
})

test('files that the config names are looked for beside it', async () => {
  const text = `project: hello
packages: { hello: { architectures: [all], summary: Hi, maintainer: J <j@example.org>, license: MIT, scripts: { postInstall: post.sh } } }
`
  await writeFile(join(root, 'hawser.yaml'), text)
  const path = join(root, 'hawser.yaml')
  const before = await loadConfig({ path, kinds: fakeKinds })

  await writeFile(join(root, 'post.sh'), '')
  const after = await loadConfig({ path, kinds: fakeKinds })

  expect(before.findings).toMatchObject([{ line: 2, code: 'CONFIG_FILE' }])
  expect(after.config).toBeDefined()
})

test('a huge file is refused before it is parsed', async () => {
  const { findings } = await load(`project: hello\n${'# filler\n'.repeat(200_000)}`)

  expect(findings).toMatchObject([{ line: 1, column: 1, code: 'CONFIG_TOO_LARGE' }])
})

test.each(['[', '- ', '{a: ', '? '])('%s repeated 20000 times is an answer, not a crash', async (piece) => {
  const { config, findings } = await load(`project: hello\nrelease: ${piece.repeat(20_000)}`)

  expect(config).toBeUndefined()
  expect(findings.length).toBeGreaterThan(0)
})

test('a file of many thousand keys on one level is read at once', async () => {
  const components = Array.from({ length: 4000 }, (_, index) => `  c${index}: { version: ${index} }`)

  const { config } = await load(`project: hello\ncomponents:\n${components.join('\n')}\n`)

  expect(Object.keys(config?.components ?? {})).toHaveLength(4000)
})

test('a byte order mark and CRLF change no value', async () => {
  const { config } = await load(
    new TextEncoder().encode('\uFEFFproject: hello\r\nrelease:\r\n  title: One\r\n'),
  )

  expect(config).toMatchObject({ project: 'hello', release: { title: 'One' } })
})

test('merge keys fill in what a map does not say', async () => {
  const { config } = await load(`project: hello
x-common: &common { summary: Common, maintainer: J <j@example.org>, license: MIT, architectures: [all] }
packages:
  one: { <<: *common }
  two: { <<: [*common, { section: net }], summary: Two }
`)

  expect(config?.packages['one']?.written.summary).toBe('Common')
  expect(config?.packages['two']?.written).toMatchObject({ summary: 'Two', section: 'net', license: 'MIT' })
})

test('texts stay as they were typed, where YAML sees numbers', async () => {
  const { config } = await load(
    'project: 007\ncomponents: { a: { version: 1.10 }, b: { version: 1e3 } }\nversion: { build: 02 }\n',
  )

  expect(config?.project).toBe('007')
  expect(config?.components).toEqual({ a: { version: '1.10' }, b: { version: '1e3' } })
})

test('a finding of a later step is put in its place', async () => {
  const { locate } = await load('project: hello\nrelease:\n  assets:\n    - dist/*.txt\n')

  const found = locate({ path: ['release', 'assets', 0], code: 'X', message: 'Nothing matches.', hint: '' })

  expect(found).toMatchObject({ file: 'hawser.yaml', line: 4, column: 7, path: 'release.assets[0]' })
})

test.each([
  ['1.0.0', false],
  ['1.0.0-rc.1', true],
  ['v2.0-beta', true],
  ['1.0~rc1', true],
  ['2024.1', false],
])('%s is a pre-release: %s', async (version, isPrerelease) => {
  const { config } = await loadConfig({ text: 'project: hello\n', version, kinds: fakeKinds })

  expect(config?.release.isPrerelease).toBe(isPrerelease)
})
