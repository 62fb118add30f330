import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Edit, PackageVersions } from '../edit.ts'

const folder = join(import.meta.dirname, 'consumer')

/** A repository for tests that uses packages: 6 values, 15 rules, texts, and versions of others among them. */
export const sampleFiles = (): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder, path))
      .filter((path) => statSync(path).isFile())
      .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  )

export const packageNames = [
  'kismatic-etcd',
  'kismatic-kubernetes-master',
  'kismatic-kubernetes-node',
] as const

export const versionsOf = (upstream: string, build: string): PackageVersions[string] => ({
  deb: `${upstream}-${build}`,
  rpm: `${upstream}_${build}-1`,
})

/** Every edit of the sample repository for a version. */
export function sampleEdits(upstream = '1.5.2', build = '1'): readonly Edit[] {
  const versions = versionsOf(upstream, build)
  const packages = Object.fromEntries(packageNames.map((name) => [name, versions]))
  const values = packageNames.flatMap((name) => {
    const key = name.replaceAll('-', '_')
    return [
      [`${key}_yum_version`, versions['rpm'] ?? ''],
      [`${key}_apt_version`, versions['deb'] ?? ''],
    ]
  })
  const variants = { ubuntu: versions['deb'], centos: versions['rpm'], rhel: versions['rpm'] }
  return [
    {
      kind: 'yaml',
      name: 'edits[0]',
      file: 'ansible/group_vars/all.yaml',
      values: Object.fromEntries(values),
    },
    {
      kind: 'versions',
      name: 'edits[1]',
      files: ['pkg/inspector/rule/rule_set.go'],
      pattern: '"${variant}"\\]\\s+packageName: ${name}\\s+packageVersion: ${version}',
      targets: packageNames.flatMap((name) =>
        Object.entries(variants).map(([variant, version]) => ({
          package: name,
          variant,
          version: version ?? '',
        })),
      ),
    },
    {
      kind: 'mentions',
      name: 'edits[2]',
      files: ['docs/**', 'integration/prepare.go'],
      packages,
    },
  ]
}
