import { join } from 'node:path'
import { expect, test } from 'vitest'
import { upstream } from './world.ts'

const [old, now] = ['A', 'B'].map((letter) => `sha512-${letter.repeat(86)}==`)

test('a git source is pinned to the commit of its tag, annotated or not', async () => {
  const world = await upstream(
    () => `project: ket
components: { cni: { version: 0.4.0 } }
sources:
  light: { git: { repository: upstream, commit: ${'1'.repeat(40)}, tag: 'light-\${components.cni.version}' } }
  annotated: { git: { repository: upstream, commit: ${'2'.repeat(40)}, tag: 'v\${components.cni.version}' } }
`,
  )
  await world.write('upstream/file', 'hello')
  const git = (...args: string[]) => world.project.git('-C', join(world.project.root, 'upstream'), ...args)
  await world.project.git('init', '--quiet', join(world.project.root, 'upstream'))
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'Say hello')
  await git('tag', 'light-0.5.0')
  await git('tag', '--annotate', '--message', '0.5.0', 'v0.5.0')
  const commit = (await git('rev-parse', 'HEAD')).trim()

  const { changes } = await world.bump('0.5.0', 'cni')

  expect(changes.map(({ path, to }) => [path, to])).toEqual([
    ['components.cni.version', '0.5.0'],
    ['sources.light.git.commit', commit],
    ['sources.annotated.git.commit', commit],
  ])
  await expect(await world.failure('0.6.0', 'cni')).toMatchFileSnapshot('testdata/errors/git-tag-missing.txt')
})

test('a git source without a tag is not guessed', async () => {
  const world = await upstream(
    () => `project: ket
components: { cni: { version: 0.4.0 } }
sources:
  cni: { git: { repository: 'https://example.org/cni-${'${components.cni.version}'}.git', commit: ${'1'.repeat(40)} } }
`,
  )

  await expect(await world.failure('0.5.0', 'cni')).toMatchFileSnapshot('testdata/errors/git-no-tag.txt')
})

test('an npm package is pinned to what its registry lists', async () => {
  const world = await upstream(
    () => `project: ket
components: { esbuild: { version: 0.28.1 } }
sources:
  esbuild: { npm: { package: 'esbuild@\${components.esbuild.version}', integrity: '${old}' } }
`,
  )
  const dist = {
    tarball: `${world.origin}/esbuild.tgz`,
    integrity: `sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= ${now}`,
  }
  const listed = { versions: { '0.28.2': { dist }, '0.28.3': { dist: { tarball: dist.tarball } } } }
  world.files.set('/esbuild', JSON.stringify(listed))
  await world.write('.npmrc', `registry=${world.origin}/\n`)

  const { changes } = await world.bump('0.28.2', 'esbuild')

  expect(changes.at(-1)).toMatchObject({ from: old, to: now, vouchers: [`registry ${world.origin}/`] })
  expect(await world.read()).toContain(`integrity: '${now}'`)
  const said = [await world.failure('0.28.3', 'esbuild'), await world.failure('0.29.0', 'esbuild')]
  await expect(said.join('\n')).toMatchFileSnapshot('testdata/errors/npm-not-listed.txt')
})

test('a source that is pinned by nothing cannot follow', async () => {
  const world = await upstream(
    () => `project: ket
components: { cni: { version: 0.4.0 } }
sources:
  cni: { file: { path: 'vendor/cni-\${components.cni.version}' } }
`,
  )

  await expect(await world.failure('0.5.0', 'cni')).toMatchFileSnapshot('testdata/errors/no-pin.txt')
})
