import { describe, expect, test } from 'vitest'
import { formatFinding } from '../finding.ts'
import { parseConfig } from '../parse-config.ts'
import { configKinds } from '../providers.ts'

const project = (repositories: string, more = '') => `project: hello
keys: { release: { openpgp: { key: 'env:KEY' } } }
packages:
  hello:
    architectures: [amd64, arm64]
    summary: Says hello
    maintainer: Jo Doe <jo@example.org>
    license: MIT
${more}repositories:
${repositories}`

const debian = (options: string) => `  debian:
    apt: { suite: stable, ${options} }
    storage: { file: { path: a } }
    keys: [release]
`
const fedora = (options: string) => `  fedora:
    dnf: { ${options} }
    storage: { file: { path: b } }
    keys: [release]
`

const bad: { readonly [name: string]: string } = {
  'dnf-metadata-zstd': project(fedora('clients: [el9, el7, createrepo_c-0.17], compression: zstd')),
  'apt-no-usual-names': project(debian('clients: [debian-12, aptly-1.5, debmirror-2.37], usualNames: false')),
  'apt-form-for-nobody': project(debian('clients: [debmirror-2.37, aptly-1.5], compressions: [xz, zstd]')),
  'deb-zstd': project(debian('clients: [debian-11, ubuntu-20.04, debian-12]'), '    compression: zstd\n'),
  'deb-zstd-override': project(
    debian('clients: [debian-11]') + fedora('clients: [el9]'),
    '    overrides: { deb: { compression: { kind: zstd, level: 3 } } }\n',
  ),
  'rpm-zstd': project(fedora('clients: [el7, el8]'), '    compression: zstd\n'),
  'unknown-client': project(debian('clients: [debian-10, el9]')),
}

describe('a choice that would break a named client is told with what to choose instead', () => {
  for (const [name, text] of Object.entries(bad)) {
    test(name, async () => {
      const { config, findings } = await parseConfig(configKinds, { text, file: 'hawser.yaml' })

      expect(config).toBeUndefined()
      const said = findings.map((finding) => `${formatFinding(finding)}\n    (${finding.code})\n`).join('')
      await expect(said).toMatchFileSnapshot(`../testdata/clients/${name}.txt`)
    })
  }
})

const good: { readonly [name: string]: string } = {
  'zstd in the package for clients that have it': project(
    debian('clients: [debian-12, debian-13, ubuntu-22.04]') + fedora('clients: [el8, fedora-43]'),
    '    compression: zstd\n',
  ),
  'a form that some named client reads, because gzip is there for the others': project(
    debian('clients: [debian-12, aptly-1.5], compressions: [zstd]'),
  ),
  'every choice, when nobody is named': project(
    debian('usualNames: false, compressions: [zstd]') + fedora('compression: zstd'),
    '    compression: zstd\n',
  ),
  'a package with zstd that another repository gets': project(
    `${debian('clients: [debian-11]')}    packages: []\n`,
    '    compression: zstd\n',
  ),
}

describe('no word about', () => {
  test.each(Object.entries(good))('%s', async (_, text) => {
    const { findings } = await parseConfig(configKinds, { text, file: 'hawser.yaml' })

    expect(findings).toEqual([])
  })
})
