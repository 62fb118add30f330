import { describe, expect, test } from 'vitest'
import { applyEdits } from './apply-edits.ts'
import { type DriftRequest, drift } from './drift.ts'
import { packageNames, sampleEdits, sampleFiles, versionsOf } from './testdata/sample-edits.ts'

const packages = Object.fromEntries(packageNames.map((name) => [name, versionsOf('1.5.2', '1')]))

/** The sample repository at 1.5.2-1, but for a text that is put back, or put in. */
function afterwards(file: string, from: string, to: string): DriftRequest {
  const before = sampleFiles()
  const { files } = applyEdits(sampleEdits(), before)
  const all = new Map([...before, ...files])
  // A table that no edit knows.
  all.set(
    'README.md',
    (all.get('README.md') ?? '').replaceAll('1.5.1-3', '1.5.2-1').replaceAll('1.5.1_3-1', '1.5.2_1-1'),
  )
  const text = all.get(file) ?? ''
  expect(text).toContain(from)
  all.set(
    file,
    text.replace(from, () => to),
  )
  return { edits: sampleEdits(), packages, foreign: [], files: all }
}

const said = (request: DriftRequest): readonly string[] =>
  drift(request).map(({ file, line, message }) => `${file}:${line}: ${message}`)

test('nothing drifts when every edit was made', () => {
  expect(said(afterwards('README.md', 'Toolkit', 'Toolkit'))).toEqual([])
})

describe('what was forgotten is told by file and line', () => {
  test('a value', () => {
    const request = afterwards(
      'ansible/group_vars/all.yaml',
      'etcd_apt_version: 1.5.2-1',
      'etcd_apt_version: 1.5.1-3',
    )

    expect(said(request)).toEqual([
      'ansible/group_vars/all.yaml:14: "1.5.1-3" is to be "1.5.2-1" (edits[0]).',
    ])
  })

  test('a rule that was copied and got the wrong word', () => {
    const text = sampleFiles().get('pkg/inspector/rule/rule_set.go') ?? ''
    const rule =
      /- kind.*\n {2}when: \["master", "rhel"\]\n {2}packageName: kismatic-.*master\n/.exec(text)?.[0] ?? ''
    const request = afterwards('pkg/inspector/rule/rule_set.go', rule, rule.replace('rhel', 'centos'))

    expect(said(request)).toEqual([
      'pkg/inspector/rule/rule_set.go:16: edits[1]: the pattern finds nothing for "kismatic-kubernetes-master" and the variant "rhel". The package is named here, and not as the pattern says.',
    ])
  })

  test('a rule for a system that no edit knows', () => {
    const rule =
      '- kind: PackageAvailable\n  when: ["etcd", "fedora"]\n  packageName: kismatic-etcd\n  packageVersion: 1.5.1_3-1\n'
    const request = afterwards(
      'pkg/inspector/rule/rule_set.go',
      '\n# Packages on rhel',
      `\n${rule}\n# Packages on rhel`,
    )

    expect(said(request)).toEqual([
      'pkg/inspector/rule/rule_set.go:72: "kismatic-etcd" has the variant "fedora" here, which no edit knows (edits[1]).',
    ])
  })

  test('and a list in which a known system stands among other words is none', () => {
    const request = afterwards('README.md', 'Toolkit', 'Toolkit')
    const edits = request.edits.map((edit) =>
      edit.kind === 'versions' ? { ...edit, pattern: edit.pattern.replace('"\\]', '"[^\\]\\n]*\\]') } : edit,
    )

    expect(edits).not.toEqual(request.edits)
    expect(said({ ...request, edits })).toEqual([])
  })

  test('a mention in a file that no edit names', () => {
    const request = afterwards('README.md', '| 1.5.2-1 |', '| 1.5.1-3 |')

    expect(said(request)).toEqual([
      'README.md:10: "kismatic-etcd" is mentioned with 1.5.1-3; it is 1.5.2-1 or 1.5.2_1-1.',
    ])
  })

  test('a version below a name', () => {
    const request = afterwards(
      'README.md',
      '# Toolkit',
      '- package: kismatic-etcd\n  state: present\n  version: "1.5.1-3"',
    )

    expect(said(request)).toEqual([
      'README.md:3: "kismatic-etcd" is mentioned with 1.5.1-3; it is 1.5.2-1 or 1.5.2_1-1.',
    ])
  })
})

test('an address of staging is found in what is for production, and not one that only begins so', () => {
  const request = afterwards(
    'README.md',
    '# Toolkit',
    'https://example.org/rpm-test/a\nhttps://example.org/rpm-testing\n# baseurl=https://example.org/rpm-test.\n',
  )

  expect(said({ ...request, foreign: [{ url: 'https://example.org/rpm-test/', of: 'staging' }] })).toEqual([
    'README.md:1: https://example.org/rpm-test/ is the address of staging.',
    'README.md:3: https://example.org/rpm-test/ is the address of staging.',
  ])
})
