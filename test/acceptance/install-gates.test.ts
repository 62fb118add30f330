import { execFileSync } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { commit, emptyProject, keyPath, newKey, type TestProject } from './project.ts'
import { differences, worldOf } from './world.ts'

// The origin's own mistake (2016-11-22), declared: each package needs exactly its own release of the others.

interface Choices {
  readonly older?: 'refuse' | 'warn'
  /** What the master needs of the node. */
  readonly node?: string
}

const yaml = ({ older = 'refuse', node = '= ${version}-1' }: Choices): string => `project: platform
keys: { release: { openpgp: { key: 'file:${keyPath}' } } }
packages:
  master: &package
    formats: [deb, rpm]
    architectures: [amd64]
    summary: The master
    maintainer: Release Team <release@example.org>
    license: MIT
    sign: release
    depends: ['node ${node}', 'network = \${version}-1', 'socat']
  node: { <<: *package, summary: The node, depends: ['network = \${version}-1'] }
  network: { <<: *package, summary: The network, depends: ['iptables >= 1.4.21'] }
repositories:
  deb:
    apt: { suite: stable }
    storage: { file: { path: repositories/deb } }
    keys: [release]
    installs: { commands: [[master], [master, node, network]], older: ${older} }
  rpm:
    dnf: {}
    storage: { file: { path: repositories/rpm } }
    keys: [release]
    installs: { commands: [[master]], older: ${older} }
forge: { local: { releases: releases, tagger: 'Release Team <release@example.org>' } }
`

async function project(choices: Choices): Promise<TestProject> {
  const made = await emptyProject({})
  onTestFinished(() => made.remove())
  await made.write('.gitignore', '/.hawser/\n/dist/\n/releases/\n/repositories/\n')
  await made.write(keyPath, await newKey())
  await change(made, choices)
  return made
}

async function change(made: TestProject, choices: Choices): Promise<void> {
  await made.write('hawser.yaml', yaml(choices))
  await commit(made, 'Change what is declared')
}

const list = (made: TestProject): Promise<string> => made.git('tag', '--list')

describe('before an index is public, what users type is tried', () => {
  test('a release that breaks the install of an older one is refused; nobody sees anything of it', async () => {
    const made = await project({})
    expect((await made.hawser(['release', '1.4.5', '--yes'])).code).toBe(0)
    const before = await worldOf(made)

    const { code, stderr } = await made.hawser(['release', '1.4.6', '--yes'])

    expect(code).toBe(5)
    expect(await list(made)).toBe('1.4.5\n')
    expect(differences(before, await worldOf(made)).filter((line) => !line.startsWith('dist/'))).toEqual([])
    await expect(said(stderr)).toMatchFileSnapshot('testdata/errors/installs/older.txt')
  })

  test('with "older: warn" it is published, and the plan and the log say what breaks', async () => {
    const made = await project({})
    await made.hawser(['release', '1.4.5', '--yes'])
    await change(made, { older: 'warn' })
    await made.hawser(['build', '1.4.6'])

    const plan = await made.hawser(['plan', '1.4.6'])
    const release = await made.hawser(['release', '1.4.6', '--yes'])

    for (const text of [plan.stdout, release.stderr]) {
      expect(text).toContain('warning: 1 of 10 commands that users type would break with "deb"')
      expect(text).toContain('apt-get install master=1.4.5-1')
    }
    expect(release.stderr).toContain('assumed from the distribution: iptables >= 1.4.21, socat')
    expect(release.code).toBe(0)
    expect(await list(made)).toBe('1.4.5\n1.4.6\n')
  })

  test('packages that cannot be installed at all are refused with the words of both programs', async () => {
    const made = await project({ node: '= 9.9.9-1' })

    const { code, stderr } = await made.hawser(['release', '1.4.5', '--yes'])

    expect(code).toBe(5)
    await expect(said(stderr)).toMatchFileSnapshot('testdata/errors/installs/new.txt')
  })

  test('on a machine without apt-get and dnf nothing is known, and nothing is published', async () => {
    const made = await project({})
    const bin = join(made.root, '../bin')
    await mkdir(bin)
    for (const name of ['git', 'sh', 'env']) {
      await symlink(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name))
    }
    const environment = { PATH: `${bin}:${dirname(process.execPath)}` }
    expect((await made.hawser(['build', '1.4.5'], { environment })).code).toBe(0)

    const plan = await made.hawser(['plan', '1.4.5'], { environment })
    const release = await made.hawser(['release', '1.4.5', '--yes'], { environment })

    await expect(
      plan.stdout
        .split('\n')
        .filter((line) => line.includes('is not on this machine'))
        .join('\n'),
    ).toMatchFileSnapshot('testdata/errors/installs/missing.txt')
    expect(release.code).not.toBe(0)
    expect(await list(made)).toBe('')
  })
})

/** What is said at the end; the lines before it are in the order in which the steps happened to end. */
const said = (stderr: string): string => stderr.slice(Math.max(0, stderr.search(/^installs:/m)))
