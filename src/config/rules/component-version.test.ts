import { describe, expect, test } from 'vitest'
import { packageFormat } from '../../packages/index.ts'
import type { PackageVersion } from '../../packages/package-spec.ts'
import { formatFinding } from '../finding.ts'
import { parseConfig } from '../parse-config.ts'
import { configKinds } from '../providers.ts'
import { resolvePackage } from '../resolve-package.ts'

interface Parts {
  readonly version?: string
  readonly upstream?: string
  readonly node?: string
  readonly more?: string
}

/** Two packages of one component, and one that has a version of its own. */
const project = ({
  version = 'scheme: ket, component: kubernetes',
  upstream = '1.5.2',
  node = '',
  more = '',
}: Parts = {}) => `project: ket
version: { ${version} }
components:
  kubernetes: { version: ${upstream} }
packages:
  master:
    architectures: [amd64]
    summary: The master
    maintainer: Jo Doe <jo@example.org>
    license: Apache-2.0
    depends: ['node = \${version}', 'networking = \${components.kubernetes.version}', 'docker = 1.11.2']
    breaks: ['node < 1.5.1-3']
  node:
    architectures: [amd64]
    summary: The node
    maintainer: Jo Doe <jo@example.org>
    license: Apache-2.0
${node}  networking:
    architectures: [amd64]
    summary: The network
    maintainer: Jo Doe <jo@example.org>
    license: Apache-2.0
  docker:
    architectures: [amd64]
    version: 1.11.2
    summary: The engine
    maintainer: Jo Doe <jo@example.org>
    license: Apache-2.0
${more}`

const parse = (text: string, version?: string) =>
  parseConfig(configKinds, { text, file: 'hawser.yaml', ...(version !== undefined && { version }) })

async function configOf(text: string, version?: string) {
  const { config, findings } = await parse(text, version)
  expect(findings.map(formatFinding)).toEqual([])
  if (config === undefined) throw new Error('There are no findings, so there is a config')
  return config
}

describe('P11: K8S 1.5.2, build 1', () => {
  test.each([
    ['deb', '1.5.2-1', '1.5.1-3'],
    ['rpm', '1.5.2_1-1', '1.5.1_3-1'],
  ])('is written, and depended on, as %s writes it: %s', async (format, exact, older) => {
    const config = await configOf(project(), '1.5.2-1')
    const resolved = resolvePackage(config, 'master', {
      format,
      architecture: 'amd64',
      distribution: undefined,
    })
    const spell = (version: string | PackageVersion | undefined) =>
      typeof version === 'object' ? packageFormat(format).spellVersion(version) : version

    expect(spell(resolved.version)).toBe(exact)
    const depends = resolved.relations.depends.flat().map(({ name, version }) => [name, spell(version)])
    expect(depends.slice(0, 2)).toEqual([
      ['node', exact],
      ['networking', exact],
    ])
    expect(resolved.relations.breaks.flat().map(({ version }) => spell(version))).toEqual([older])
  })

  test('a package with a version of its own keeps it, and is a build of the same number', async () => {
    const config = await configOf(project(), '1.5.2-4')
    const variant = { format: 'deb', architecture: 'amd64', distribution: undefined }

    const { version } = resolvePackage(config, 'docker', variant)

    expect(packageFormat('deb').spellVersion(version)).toBe('1.11.2-4')
  })
})

test('the version of the release stays whole, and is no pre-release for its build number', async () => {
  const more = "release: { title: 'KET ${version}' }\n"

  const { version, release } = await configOf(project({ more }), '1.5.2-12')

  expect(version).toMatchObject({ declared: '1.5.2', build: '12', component: 'kubernetes' })
  expect(release).toMatchObject({ tag: '1.5.2-12', title: 'KET 1.5.2-12', isPrerelease: false })
})

test('a pre-release of the component is one', async () => {
  const { version, release } = await configOf(project({ upstream: '1.6.0-beta.3' }), '1.6.0-beta.3-1')

  expect(version).toMatchObject({ declared: '1.6.0-beta.3', build: '1' })
  expect(release.isPrerelease).toBe(true)
})

test('the file is checked with build 1 of what is pinned, an input included', async () => {
  const pinned = "'${inputs.kubernetes}'"
  const more = "inputs: { kubernetes: { default: '1.6.2' } }\n"

  const { version } = await configOf(project({ upstream: pinned, more }))

  expect(version).toMatchObject({ declared: '1.6.2', build: '1' })
})

const bad: { readonly [name: string]: readonly [text: string, version?: string] } = {
  'unknown-component': [project({ version: 'component: kubernets' })],
  'build-beside-component': [project({ version: 'component: kubernetes, build: 3' })],
  'build-of-a-package': [
    project({
      node: '    build: 2\n    overrides: { rpm: { build: 3 }, deb: { version: 1.4.9, build: 3 } }\n',
    }),
  ],
  circle: [project({ upstream: "'${version}'" })],
  'no-build-number': [project(), '1.5.2'],
  'build-zero': [project(), '1.5.2-0'],
  'build-with-zero-in-front': [project(), '1.5.2-01'],
  'build-of-letters': [project(), '1.5.2-rc1'],
  'another-upstream': [project(), '1.5.3-1'],
  'letter-in-front': [project({ upstream: 'v1.5.2' })],
  'beta-without-separator': [project({ upstream: '1.5.0beta3' })],
  'beta-after-underscore': [project({ upstream: '1.5.0_beta.3' })],
  'beta-after-dot': [project({ upstream: '1.5.0.beta.3' })],
  'beta-of-python': [project({ upstream: '1.5.0b3' })],
  'four-numbers': [project({ upstream: '1.5.1.1' })],
  'two-numbers': [project({ upstream: "'1.10'" })],
  'pre-release-of-two-words': [project({ upstream: '1.5.0-beta.3.fix' })],
}

describe('what cannot be released as a build of a component', () => {
  for (const [name, [text, version]] of Object.entries(bad)) {
    test(name, async () => {
      const { config, findings } = await parse(text, version)

      expect(config).toBeUndefined()
      const said = findings.map((finding) => `${formatFinding(finding)}\n    (${finding.code})\n`).join('')
      await expect(said).toMatchFileSnapshot(`../testdata/component-version/${name}.txt`)
    })
  }
})
