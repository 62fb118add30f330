import { expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { formatFinding } from '../config/finding.ts'
import { loadConfig } from '../config/load.ts'
import { failureText } from '../errors.ts'
import { type ResolvedConsumer, resolveConsumer } from './resolve-edits.ts'

const text = `
project: packages
version: { scheme: ket, component: kubernetes }
components:
  kubernetes: { version: 1.5.2 }
keys:
  release: { openpgp: { key: 'env:RELEASE_KEY' } }
  next: { openpgp: { key: 'env:NEXT_KEY' } }
packages:
  kube-node: &package { architectures: [amd64], summary: Node, maintainer: Ann <ann@example.org>, license: Apache-2.0 }
  other: *package
repositories:
  deb-staging: { apt: { suite: xenial }, storage: { file: { path: out/a } }, keys: [release, next], url: 'https://example.org/deb-test/' }
  rpm-staging: { dnf: {}, storage: { file: { path: out/b } }, keys: [release], url: 'https://example.org/rpm-test' }
  deb: { apt: { suite: xenial }, storage: { file: { path: out/c } }, keys: [release], url: 'https://example.org/deb' }
  rpm: { dnf: {}, storage: { file: { path: out/d } }, keys: KEYS, url: 'https://example.org/rpm' }
environments:
  staging: { repositories: [deb-staging, rpm-staging] }
  production: { repositories: [deb, rpm], from: staging }
consumers:
  app:
    forge: { local: {} }
    environments: [staging, production]
    edits:
      - yaml:
          file: all.yaml
          values:
            version: { package: kube-node, format: rpm }
            rpm: { repository: rpm }
            rpm_key: { publicKey: rpm }
            deb: { repository: deb }
            deb_key: { publicKey: deb }
            upstream: v\${components.kubernetes.version}
      - versions: { files: [rules.go], packages: [kube-node], pattern: '"\${variant}" \${name} \${version}', variants: { ubuntu: deb, rhel: rpm } }
      - versions: { files: [README.md], pattern: 'Kubernetes \${version}', value: '\${components.kubernetes.version}' }
      - mentions: { files: ['docs/**'], packages: [kube-node] }
`

async function resolved(
  environment: string,
  keys = '[release]',
  version = '1.5.2-10',
): Promise<ResolvedConsumer> {
  const { config, findings } = await loadConfig({ text: text.replace('KEYS', keys), version })
  expect(findings.map(formatFinding)).toEqual([])
  const consumer = (config as Config).consumers['app']
  if (config === undefined || consumer === undefined) throw new Error('The config is right')
  return resolveConsumer(config, consumer, environment)
}

const versions = { 'kube-node': { deb: '1.5.2-10', rpm: '1.5.2_10-1' } }

test('versions are of their formats, and addresses of the environment', async () => {
  const { edits, laterEdits, packages, foreign } = await resolved('staging')

  expect(edits).toEqual([
    {
      kind: 'yaml',
      name: 'consumers.app.edits[0]',
      file: 'all.yaml',
      values: {
        version: '1.5.2_10-1',
        rpm: 'https://example.org/rpm-test',
        rpm_key: 'https://example.org/rpm-test/RPM-GPG-KEY-rpm-staging',
        deb: 'https://example.org/deb-test',
        deb_key: 'https://example.org/deb-test/deb-staging.asc',
        upstream: 'v1.5.2',
      },
    },
    {
      kind: 'versions',
      name: 'consumers.app.edits[1]',
      files: ['rules.go'],
      pattern: '"${variant}" ${name} ${version}',
      targets: [
        { package: 'kube-node', variant: 'ubuntu', version: '1.5.2-10' },
        { package: 'kube-node', variant: 'rhel', version: '1.5.2_10-1' },
      ],
    },
    {
      kind: 'versions',
      name: 'consumers.app.edits[2]',
      files: ['README.md'],
      pattern: 'Kubernetes ${version}',
      targets: [{ version: '1.5.2' }],
    },
    { kind: 'mentions', name: 'consumers.app.edits[3]', files: ['docs/**'], packages: versions },
  ])
  expect(laterEdits).toMatchObject([[{ values: { rpm: 'https://example.org/rpm' } }, {}, {}, {}]])
  expect(packages).toEqual(versions)
  expect(foreign).toEqual([])
})

test('production has its own addresses, and those of staging are foreign to it', async () => {
  const { edits, laterEdits, foreign } = await resolved('production')

  expect(edits[0]).toMatchObject({
    values: { rpm: 'https://example.org/rpm', deb_key: 'https://example.org/deb/deb.asc' },
  })
  expect(laterEdits).toEqual([])
  expect(foreign).toEqual([
    { url: 'https://example.org/deb-test/', of: '"deb-staging" (staging)' },
    { url: 'https://example.org/rpm-test', of: '"rpm-staging" (staging)' },
  ])
})

test('keys that are several files have no one address', async () => {
  let error: unknown
  try {
    await resolved('staging', '[release, next]')
  } catch (thrown) {
    error = thrown
  }

  await expect(`${failureText(error)}\n`).toMatchFileSnapshot('testdata/errors/public-key-files.txt')
})
