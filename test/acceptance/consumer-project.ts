import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun } from '../clients/command.ts'
import { emptyProject, newKey, type TestProject } from './project.ts'

export interface ConsumerProject extends TestProject {
  /** A checkout of the repository that uses the packages. */
  readonly consumer: string
  inConsumer(...args: readonly string[]): Promise<string>
}

const fixture = join(import.meta.dirname, '../../src/downstream/testdata/consumer')

/** Packages of a component, and a git repository that pins their versions: 1.5.1-3 in values, rules and texts. */
export async function consumerProject(
  forge = 'local: { repository: ../consumer }',
): Promise<ConsumerProject> {
  const project = await emptyProject({})
  const consumer = join(project.root, '../consumer')
  const inConsumer: ConsumerProject['inConsumer'] = (...args) =>
    mustRun('git', args, {
      cwd: consumer,
      environment: {
        HOME: consumer,
        GIT_CONFIG_NOSYSTEM: '1',
        ...{ GIT_AUTHOR_NAME: 'Ann', GIT_AUTHOR_EMAIL: 'ann@example.org' },
        ...{ GIT_COMMITTER_NAME: 'Ann', GIT_COMMITTER_EMAIL: 'ann@example.org' },
      },
    })
  await mkdir(consumer)
  await cp(fixture, consumer, { recursive: true })
  await inConsumer('init', '--quiet', '--initial-branch=main')
  await inConsumer('add', '--all')
  await inConsumer('commit', '--quiet', '--message', 'Use the packages 1.5.1-3')
  await project.write('hawser.yaml', hawserYaml(forge))
  await project.write('.gitignore', '/.hawser/\n/out/\n')
  await project.git('add', '--all')
  await project.git('commit', '--quiet', '--message', 'Pin Kubernetes 1.5.2')
  await project.write('.hawser/release.asc', await newKey())
  return { ...project, consumer, inConsumer }
}

const names = ['kismatic-etcd', 'kismatic-kubernetes-master', 'kismatic-kubernetes-node']

const values = names
  .flatMap((name) =>
    [
      ['yum', 'rpm'],
      ['apt', 'deb'],
    ].map(([tool, format]) => {
      return `            ${name.replaceAll('-', '_')}_${tool}_version: { package: ${name}, format: ${format} }`
    }),
  )
  .join('\n')

const hawserYaml = (forge: string): string => `project: ket-packages
version: { scheme: ket, component: kubernetes }
components:
  kubernetes: { version: 1.5.2 }
keys:
  release: { openpgp: { key: 'file:.hawser/release.asc' } }
packages:
  kismatic-etcd: &package { architectures: [amd64], summary: Part of it, maintainer: Ann <ann@example.org>, license: Apache-2.0 }
  kismatic-kubernetes-master: *package
  kismatic-kubernetes-node: *package
repositories:
  deb-staging: { apt: { suite: xenial }, storage: { file: { path: out/deb-test } }, keys: [release], url: 'https://packages.example.org/deb-test' }
  rpm-staging: { dnf: {}, storage: { file: { path: out/rpm-test } }, keys: [release], url: 'https://packages.example.org/rpm-test' }
  deb: { apt: { suite: xenial }, storage: { file: { path: out/deb } }, keys: [release], url: 'https://packages.example.org/deb' }
  rpm: { dnf: {}, storage: { file: { path: out/rpm } }, keys: [release], url: 'https://packages.example.org/rpm' }
environments:
  staging: { repositories: [deb-staging, rpm-staging] }
  production: { repositories: [deb, rpm], from: staging }
consumers:
  toolkit:
    forge: { ${forge} }
    base: main
    environments: [staging, production]
    watch: ['*.md']
    edits:
      - yaml:
          file: ansible/group_vars/all.yaml
          values:
${values}
            kubernetes_yum_repository_url: { repository: rpm }
            kubernetes_yum_gpg_key_url: { publicKey: rpm }
            kubernetes_deb_repository_url: { repository: deb }
            kubernetes_deb_gpg_key_url: { publicKey: deb }
      - versions:
          files: [pkg/inspector/rule/rule_set.go]
          packages: [${names.join(', ')}]
          pattern: '"\${variant}"\\]\\s+packageName: \${name}\\s+packageVersion: \${version}'
          variants: { ubuntu: deb, centos: rpm, rhel: rpm }
      - mentions:
          files: ['docs/**', integration/prepare.go, README.md]
          packages: [${names.join(', ')}]
`
