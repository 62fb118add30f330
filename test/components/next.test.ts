import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { commit, emptyProject, keyPath, newKey, type TestProject } from '../acceptance/project.ts'

interface Choices {
  readonly engine?: 'memory' | 'durable'
  readonly scheme?: string
  readonly upstream?: string
  readonly more?: string
}

const config = ({ scheme = 'ket', upstream = '1.5.2', more = '' }: Choices) => `project: ket
version: { scheme: ${scheme}, component: kubernetes }
components: { kubernetes: { version: ${upstream} } }
keys: { release: { openpgp: { key: 'file:${keyPath}' } } }
packages:
  ket-master: &package
    architectures: [amd64]
    summary: The master
    maintainer: Jo Doe <jo@example.org>
    license: Apache-2.0
    depends: ['ket-node = \${version}']
    contents: [{ from: hawser.yaml, to: /usr/share/ket/about }]
  ket-node: { <<: *package, depends: [] }
  ket-docker: { <<: *package, depends: [], version: 1.11.2 }
repositories:
  debian:
    apt: { suite: xenial }
    storage: { file: { path: repositories/debian } }
    keys: [release]
  el7:
    dnf: { unsignedPackages: allow }
    storage: { file: { path: repositories/el7 } }
    keys: [release]
forge: { local: { releases: releases } }
release: { tag: 'v\${version}' }
${more}`

async function ket(choices: Choices = {}): Promise<TestProject> {
  const project = await emptyProject(choices)
  onTestFinished(() => project.remove())
  await project.write('hawser.yaml', config(choices))
  await project.write('.gitignore', '/.hawser/\n/dist/\n/releases/\n/repositories/\n')
  await project.write(keyPath, await newKey())
  await commit(project, 'Pin 1.5.2')
  return project
}

const anotherCommit = async (project: TestProject, title: string) => {
  await project.write('notes.txt', `${title}\n`)
  await commit(project, title)
}

async function next(project: TestProject, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await project.hawser(['next', ...words])
  expect(code, stderr).toBe(0)
  return stdout.trim()
}

async function release(project: TestProject): Promise<string> {
  const { code, stdout, stderr } = await project.hawser(['release', 'next', '--yes', '--json'])
  expect(code, stderr).toBe(0)
  // One document, whatever was told beside it.
  return JSON.parse(stdout).version ?? JSON.parse(stdout).plan?.run.version
}

describe('P11 and P12: builds of a component, released without typing a number', () => {
  test('P12: after 1.5.2-1 and 1.5.2-2 comes 3, and for 1.5.3 comes 1; P11: both formats spell them', async () => {
    const project = await ket()
    expect(await next(project)).toBe('1.5.2-1')
    await release(project)
    // The same commit is the same release.
    expect(await next(project)).toBe('1.5.2-1')
    await anotherCommit(project, 'Build again')
    await release(project)

    await anotherCommit(project, 'And again')

    expect(await next(project)).toBe('1.5.2-3')
    expect(await next(project, '1.5.3')).toBe('1.5.3-1')
    const published = (folder: string, ending: string) =>
      readdirSync(join(project.root, 'repositories', folder), { recursive: true })
        .map(String)
        .filter((path) => path.endsWith(ending))
        .map((path) => path.split('/').at(-1))
        .toSorted()
    expect(published('debian', '.deb')).toEqual([
      ...['ket-docker_1.11.2-1_amd64.deb', 'ket-docker_1.11.2-2_amd64.deb'],
      ...['ket-master_1.5.2-1_amd64.deb', 'ket-master_1.5.2-2_amd64.deb'],
      ...['ket-node_1.5.2-1_amd64.deb', 'ket-node_1.5.2-2_amd64.deb'],
    ])
    const deb = join(project.root, 'dist/1.5.2-1/ket-master_1.5.2-1_amd64.deb')
    const fields = execFileSync('dpkg-deb', ['--field', deb, 'Version', 'Depends']).toString()
    expect(fields).toBe('Version: 1.5.2-1\nDepends: ket-node (= 1.5.2-1)\n')
    const rpm = join(project.root, 'dist/1.5.2-1/ket-master-1.5.2_1-1.x86_64.rpm')
    const query = [
      '--query',
      '--package',
      '--nosignature',
      '--queryformat',
      '%{VERSION}-%{RELEASE}\n',
      '--requires',
      rpm,
    ]
    const said = execFileSync('rpm', query, { env: project.environment }).toString().split('\n')
    expect(said).toEqual(expect.arrayContaining(['1.5.2_1-1', 'ket-node = 1.5.2_1-1']))
  }, 240_000)

  test('numbers that were taken away again are not used twice: who installed them has them still', async () => {
    const project = await ket()
    await release(project)
    await project.git('tag', '--delete', 'v1.5.2-1')
    for (const [repository, version] of [
      ['debian', '1.5.2-1'],
      ['el7', '1.5.2_1-1'],
    ]) {
      const names = ['ket-master', 'ket-node'].map((name) => `${name}=${version}`)
      const { code, stderr } = await project.hawser(['repo', 'remove', repository ?? '', ...names])
      expect(code, stderr).toBe(0)
    }
    // Neither tag nor package: the repository's history says which commit it was.
    expect(await next(project)).toBe('1.5.2-1')
    await anotherCommit(project, 'Another')

    expect(await next(project)).toBe('1.5.2-2')
  }, 240_000)

  test('packages that somebody else published count', async () => {
    const project = await ket()
    const built = await project.hawser(['build', '1.5.2-7'])
    expect(built.code, built.stderr).toBe(0)
    const added = await project.hawser(['repo', 'add', 'el7', 'dist/1.5.2-7'])
    expect(added.code, added.stderr).toBe(0)

    const { stdout, stderr } = await project.hawser(['next', '--json'])

    expect(JSON.parse(stdout)).toEqual({
      version: '1.5.2-8',
      upstream: '1.5.2',
      build: 8,
      isOfThisCommit: false,
      because: 'the repository "el7" has 1.5.2-7',
    })
    expect(stderr).toContain('Because the repository "el7" has 1.5.2-7.')
  }, 240_000)

  test('a release that waits holds its number: for its commit it is the same, for another the next', async () => {
    const gate =
      "pipeline: { steps: [{ id: go, gate: 'Publish it?', needs: ['build:ket-node:deb:amd64'], before: [tag] }] }\n"
    const project = await ket({ engine: 'durable', more: gate })
    const waiting = await project.hawser(['release', 'next', '--yes'])
    expect(waiting.stderr).toContain('Publish it?')

    expect(await next(project)).toBe('1.5.2-1')
    await anotherCommit(project, 'Another')
    expect(await next(project)).toBe('1.5.2-2')
  }, 240_000)

  test('plan, build and verify take "next" too', async () => {
    const project = await ket()

    const plan = await project.hawser(['plan', 'next', '--json'])
    expect(JSON.parse(plan.stdout).plan.run.version).toBe('1.5.2-1')
    expect(plan.stderr).toContain(
      'The next version is 1.5.2-1: no repository and no tag has a build of 1.5.2.',
    )
    await release(project)
    const verified = await project.hawser(['verify', 'next', '--json'])
    expect(JSON.parse(verified.stdout).findings).toEqual([])
    const built = await project.hawser(['build', 'next'])
    expect(built.stdout).toContain('dist/1.5.2-1/ket-node_1.5.2-1_amd64.deb')
  }, 240_000)
})

describe('where the number cannot be known, there is none', () => {
  const failure = async (project: TestProject, ...words: readonly string[]) => {
    const { code, stdout, stderr } = await project.hawser(['next', ...words])
    expect(stdout).toBe('')
    return `${stderr
      .replaceAll(project.root, 'FOLDER')
      .replaceAll(/[0-9A-F]{40}/g, 'FINGERPRINT')
      .trim()}\nexit ${code}\n`
  }

  test('a repository that cannot be read', async () => {
    const project = await ket()
    await release(project)
    const entry = 'repositories/debian/dists/xenial/InRelease'
    const text = await readFile(join(project.root, entry), 'utf8')
    await project.write(entry, text.replace('Suite: xenial', 'Suite: trusty'))

    await expect(await failure(project)).toMatchFileSnapshot('testdata/errors/next-unreadable.txt')
  }, 240_000)

  test('a repository that nobody answers for', async () => {
    const project = await ket()
    const s3 = "{ s3: { bucket: ket, endpoint: 'http://127.0.0.1:1', region: us-east-1 } }"
    const text = config({}).replace('{ file: { path: repositories/el7 } }', s3)
    await project.write('hawser.yaml', text)
    const secrets = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }

    const { code, stdout, stderr } = await project.hawser(['next'], { environment: secrets })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('ECONNREFUSED')
  }, 240_000)

  test('what rpm takes for the same version', async () => {
    const project = await ket({ scheme: 'standard', upstream: '1.5.1.1' })
    const built = await project.hawser(['build', '1.5.1.1-1'])
    expect(built.code, built.stderr).toBe(0)
    await project.hawser(['repo', 'add', 'el7', 'dist/1.5.1.1-1'])
    await project.write('hawser.yaml', config({ upstream: '1.5.1' }))

    await expect(await failure(project)).toMatchFileSnapshot('testdata/errors/next-same-version.txt')
  }, 240_000)

  test('an upstream version that cannot be released', async () => {
    const project = await ket()

    const said = [
      await failure(project, 'v1.5.3'),
      await failure(project, '1.5.2-1'),
      await failure(project, '1.6.0rc1'),
    ]

    await expect(said.join('\n')).toMatchFileSnapshot('testdata/errors/next-unfit.txt')
  }, 240_000)

  test('a file that releases no component, and a folder without a commit', async () => {
    const project = await ket()
    await project.write('hawser.yaml', config({}).replace(', component: kubernetes', ''))
    const without = await failure(project)
    await rm(join(project.root, '.git'), { recursive: true })

    const said = [without, await failure(project)]

    await expect(said.join('\n')).toMatchFileSnapshot('testdata/errors/next-nothing-to-count.txt')
  }, 240_000)
})
