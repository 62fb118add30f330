import { describe, expect, test } from 'vitest'
import { formatFinding } from '../finding.ts'
import { parseConfig } from '../parse-config.ts'
import { configKinds } from '../providers.ts'
import { resolvePackage } from '../resolve-package.ts'

const project = (keyring: string, url = '') => `project: hello
keys: { release: { openpgp: { key: 'env:KEY' } } }
packages:
  hello-keyring:
    maintainer: Jo Doe <jo@example.org>
    license: CC0-1.0
    ${keyring}
repositories:
  debian:
    apt: { suite: stable }
    storage: { file: { path: a } }
    keys: [release]${url}
  fedora:
    dnf: {}
    storage: { file: { path: b } }
    keys: [release]
`
const parse = (text: string) => parseConfig(configKinds, { text, file: 'hawser.yaml' })

const bad: { readonly [name: string]: string } = {
  'unknown-repository': project('keyring: { repositories: [debain] }'),
  'no-repository': project('keyring: { sources: true }'),
  'empty-list': project('keyring: { repositories: [] }'),
  'format-without-keys': project('keyring: { repositories: [debian] }\n    formats: [deb, rpm]'),
  'sources-without-url': project('keyring: { repositories: [debian], sources: true }'),
  'one-machine': project('keyring: { repositories: [debian] }\n    architectures: [amd64]'),
  'in-overrides': project('overrides: { deb: { keyring: { repositories: [debian] } } }'),
  'accepted-key-command': project(
    'keyring: { repositories: [debian] }',
    '\n    acceptedKeys: ["cmd:gpg --export", keys/old.asc]',
  ),
}

describe('a keyring package that could not work is told', () => {
  for (const [name, text] of Object.entries(bad)) {
    test(name, async () => {
      const { config, findings } = await parse(text)

      expect(config).toBeUndefined()
      const said = findings.map((finding) => `${formatFinding(finding)}\n    (${finding.code})\n`).join('')
      await expect(said).toMatchFileSnapshot(`../testdata/keyring/${name}.txt`)
    })
  }
})

test('a keyring package says nothing but its repositories, its maintainer and its licence', async () => {
  const { config, findings } = await parse(project('keyring: { repositories: [debian] }'))

  expect(findings).toEqual([])
  const made = config?.packages['hello-keyring']
  expect(made).toMatchObject({ formats: ['deb'], architectures: ['all'] })
  expect(config?.repositories['debian']?.hasKeyringPackage).toBe(true)
  expect(config?.repositories['fedora']?.hasKeyringPackage).toBe(false)
  if (config === undefined) return
  const variant = { format: 'deb', architecture: 'all', distribution: undefined }
  expect(resolvePackage(config, 'hello-keyring', variant)).toMatchObject({
    summary: 'Keys of the package repositories of hello',
    contents: [],
  })
})

test('what a keyring package says of itself wins over what follows', async () => {
  const { config } = await parse(
    project('keyring: { repositories: [debian, fedora] }\n    summary: Keys of ours'),
  )

  expect(config?.packages['hello-keyring']?.written.summary).toBe('Keys of ours')
  expect(config?.packages['hello-keyring']?.formats).toEqual(['deb', 'rpm'])
})
