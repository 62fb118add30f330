import { describe, expect, test } from 'vitest'
import { failureText } from '../errors.ts'
import { applyEdits } from './apply-edits.ts'
import type { Edit } from './edit.ts'
import type { Files } from './replacement.ts'
import { sampleEdits, sampleFiles } from './testdata/sample-edits.ts'

/** Lines that differ; an edit never changes how many there are. */
function changedLines(before: string, after: string): readonly string[] {
  const [old, now] = [before.split('\n'), after.split('\n')]
  expect(now.length).toBe(old.length)
  return now.filter((line, index) => line !== old[index])
}

const only = (text: string, edit: Edit, file = 'a.yaml'): string =>
  applyEdits([edit], new Map([[file, text]])).files.get(file) ?? text

const yaml = (values: { readonly [path: string]: string }, file = 'a.yaml'): Edit => ({
  ...{ kind: 'yaml', name: 'edits[0]', file, values },
})

describe('the sample repository', () => {
  const files = sampleFiles()
  const { files: after, applied } = applyEdits(sampleEdits(), files)
  const changed = (file: string) => changedLines(files.get(file) ?? '', after.get(file) ?? '')

  test('6 values and 15 rules change, and what others are versions of does not', () => {
    expect(changed('ansible/group_vars/all.yaml')).toEqual([
      'kismatic_kubernetes_master_yum_version: 1.5.2_1-1',
      'kismatic_kubernetes_node_yum_version: 1.5.2_1-1',
      'kismatic_etcd_yum_version: 1.5.2_1-1',
      'kismatic_kubernetes_master_apt_version: 1.5.2-1',
      'kismatic_kubernetes_node_apt_version: 1.5.2-1',
      'kismatic_etcd_apt_version: 1.5.2-1',
    ])
    const rules = changed('pkg/inspector/rule/rule_set.go')
    expect(rules.filter((line) => line === '  packageVersion: 1.5.2-1')).toHaveLength(5)
    expect(rules.filter((line) => line === '  packageVersion: 1.5.2_1-1')).toHaveLength(10)
    expect(rules).toHaveLength(15)
    const texts = [...after.values()].join('\n')
    for (const other of ['1.11.2-0~xenial', '1.11.2-1.el7.centos', '3.8.7-1.el7', '3.8.7-ubuntu1~xenial1']) {
      expect(texts).toContain(other)
    }
    expect(texts).not.toContain('1.5.1-3')
    expect(texts).not.toContain('1.5.1_3')
  })

  test('each format is mentioned in its own form', () => {
    expect(changed('docs/PACKAGES.md')).toMatchInlineSnapshot(`
      [
        "| Etcd | \`sudo yum -y install kismatic-etcd-1.5.2_1-1\` |",
        "| Kubernetes master | \`sudo yum -y install kismatic-docker-engine-1.11.2-1.el7.centos kismatic-kubernetes-master-1.5.2_1-1\` |",
        "| Kubernetes worker | \`sudo yum -y install kismatic-kubernetes-node-1.5.2_1-1.x86_64\` |",
        "| Etcd | \`sudo apt-get -y install kismatic-etcd=1.5.2-1\` |",
        "| Kubernetes master | \`sudo apt-get -y install kismatic-docker-engine=1.11.2-0~xenial kismatic-kubernetes-node=1.5.2-1 kismatic-kubernetes-master=1.5.2-1\` |",
        "| Kubernetes worker | \`sudo apt-get -y install kismatic-kubernetes-node=1.5.2-1\` |",
      ]
    `)
    expect(changed('integration/prepare.go')).toMatchInlineSnapshot(`
      [
        "	installEtcdYum = \`sudo yum -y install kismatic-etcd-1.5.2_1-1\`",
        "	installEtcdApt = \`sudo apt-get -y install kismatic-etcd=1.5.2-1\`",
        "	installNodeApt = \`sudo apt-get -y install kismatic-docker-engine=1.11.2-0~xenial kismatic-kubernetes-node=1.5.2-1\`",
      ]
    `)
  })

  test('what was done is told by file and line', () => {
    expect(applied).toHaveLength(6 + 15 + 7 + 3)
    expect(applied[0]).toEqual({
      edit: 'edits[0]',
      file: 'ansible/group_vars/all.yaml',
      line: 6,
      before: '1.5.1_3-1',
      after: '1.5.2_1-1',
    })
  })

  test('a second time nothing changes', () => {
    const again = applyEdits(sampleEdits(), new Map([...files, ...after]))

    expect(again.applied).toEqual([])
    expect(again.files.size).toBe(0)
  })

  test('with Windows line ends, too', () => {
    const windows = new Map([...files].map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]))

    const edited = applyEdits(sampleEdits(), windows)

    expect([...edited.files].map(([path, text]) => [path, text.replaceAll('\r\n', '\n')])).toEqual([...after])
  })
})

describe('values of YAML', () => {
  test.each([
    ['plain', 'a: 1.5.1 # why\nb: 2\n', { a: '1.5.2' }, 'a: 1.5.2 # why\nb: 2\n'],
    ['single quotes', "a: '1.5.1'\n", { a: "it's" }, "a: 'it''s'\n"],
    ['double quotes', 'a: "1.5.1"   # x\n', { a: 'say "1"' }, 'a: "say \\"1\\""   # x\n'],
    ['lists and maps', 'a:\n  - b: { c: x, d: y }\n', { 'a[0].b.c': 'z' }, 'a:\n  - b: { c: z, d: y }\n'],
    ['keys with dots', 'a.b: x\n', { '["a.b"]': 'z' }, 'a.b: z\n'],
    ['a text that would be read as a number', 'a: v1\n', { a: '1.10' }, "a: '1.10'\n"],
    ['a number that stays one', 'a: 80\n', { a: '81' }, 'a: 81\n'],
    ['a word that would be read as true', 'a: maybe\n', { a: 'yes' }, "a: 'yes'\n"],
    ['a text with a colon', 'a: x\n', { a: 'b: c' }, "a: 'b: c'\n"],
    ['in braces', '{a: x, b: y}\n', { a: 'b,c' }, "{a: 'b,c', b: y}\n"],
    ['an address', 'a: http://x/y\n', { a: 'https://x.org/z?a=b' }, 'a: https://x.org/z?a=b\n'],
    ['one of several documents', 'a: 1\n---\nb: x\n', { b: 'z' }, 'a: 1\n---\nb: z\n'],
    ['an anchor', 'a: &v x\nb: *v\n', { a: 'z' }, 'a: &v z\nb: *v\n'],
    ['a byte order mark', '\ufeffa: x\n', { a: 'z' }, '\ufeffa: z\n'],
    ['no line end', 'a: x', { a: 'z' }, 'a: z'],
    ['tags of others', 'p: !vault |\n  abc\na: x\n', { a: 'z' }, 'p: !vault |\n  abc\na: z\n'],
    ['an escape that says the same', 'a: "1\\u002e5"\n', { a: '1.5' }, 'a: "1\\u002e5"\n'],
  ])('%s', (_name, before, values, after) => {
    expect(only(before, yaml(values))).toBe(after)
  })
})

describe('mentions', () => {
  const mentions: Edit = {
    ...{ kind: 'mentions', name: 'edits[0]', files: ['a.md'] },
    packages: { hello: { deb: '2.0-1', rpm: '2.0_1-1' } },
  }

  test.each([
    ['apt-get install hello=1.9-4', 'apt-get install hello=2.0-1'],
    ['yum install hello-1.9_4-1', 'yum install hello-2.0_1-1'],
    ['yum install hello-1.9_4', 'yum install hello-2.0_1'],
    ['Get hello_1.9-4_amd64.deb.', 'Get hello_2.0-1_amd64.deb.'],
    ['Get hello-1.9_4-1.x86_64.rpm.', 'Get hello-2.0_1-1.x86_64.rpm.'],
    ['It needs hello 1.9-4.', 'It needs hello 2.0-1.'],
    ['It needs `hello` (version 1.9_4-1).', 'It needs `hello` (version 2.0_1-1).'],
    ['| hello | 1.9-4 |', '| hello | 2.0-1 |'],
    ['| `hello` | for *all* | `1.9_4-1` | 7.0-1 |', '| `hello` | for *all* | `2.0_1-1` | 7.0-1 |'],
    ['hello=1:1.9~rc.1-4, others', 'hello=2.0-1, others'],
    ['hello=1.9-4 hello-data=1.9-4 othello=1.9-4', 'hello=2.0-1 hello-data=1.9-4 othello=1.9-4'],
    ['hello=1.9-4 and upstream hello 1.9', 'hello=2.0-1 and upstream hello 1.9'],
  ])('%s', (before, after) => {
    expect(only(before, mentions, 'a.md')).toBe(after)
    expect(only(after, mentions, 'a.md')).toBe(after)
  })
})

describe('what does not fit is told with its place', () => {
  const versions = (more: object): Edit => ({
    kind: 'versions',
    name: 'consumers.app.edits[1]',
    files: ['rules.go'],
    pattern: '"${variant}": ${name} ${version}',
    targets: [{ package: 'hello', variant: 'rhel', version: '2.0_1-1' }],
    ...more,
  })
  const text = (path: string, content: string): Files => new Map([[path, content]])
  const rules = text('rules.go', '"ubuntu": hello 1.9-4\n"rhel": hello-data 1.9_4-1\n')
  const cases: { readonly [name: string]: readonly [readonly Edit[], Files] } = {
    'file-missing': [[yaml({ a: 'b' }), versions({})], new Map()],
    'rule-missing': [[versions({})], rules],
    'package-nowhere': [
      [versions({ targets: [{ package: 'world', variant: 'rhel', version: '1' }] })],
      rules,
    ],
    'pattern-reaches-over': [
      [
        versions({
          pattern: '${name}[^]*?version: ${version}',
          targets: ['hello', 'world'].map((name) => ({ package: name, version: '2' })),
        }),
      ],
      text('rules.go', 'hello\nworld\nversion: 1\n'),
    ],
    'same-text-twice': [
      [
        versions({
          pattern: '"${variant}".*: ${name} ${version}',
          targets: ['ubuntu', 'rhel'].map((variant) => ({
            package: 'hello',
            variant,
            version: `2-${variant}`,
          })),
        }),
      ],
      text('rules.go', '["ubuntu", "rhel"]: hello 1\n'),
    ],
    'yaml-broken': [[yaml({ a: 'b' })], text('a.yaml', 'b: 1\na: [x\n')],
    'yaml-twice': [[yaml({ a: 'b' })], text('a.yaml', 'a: 1\na: 2\n')],
    'yaml-no-key': [
      [yaml({ version: '1', 'a.b': '1', 'list[3]': '1', 'a[0]': '1', 'versoin.x': '1' })],
      text('a.yaml', '# one\nversoin: 1\na:\n  c: 1\nlist: [x]\n'),
    ],
    'yaml-no-value': [
      [yaml({ a: '1', b: '1', c: '1', d: '1', e: '1' })],
      text('a.yaml', 'a:\nb: {x: 1}\nc: |\n  text\nd: &x y\ne: *x\n'),
    ],
    'yaml-several': [[yaml({ a: '1' })], text('a.yaml', 'a: 1\n---\na: 2\n')],
    'yaml-empty': [[yaml({ a: '1' })], text('a.yaml', '# nothing\n')],
    'mention-missing': [
      [
        {
          ...{
            kind: 'mentions',
            name: 'consumers.app.edits[2]',
            files: ['README.md', 'docs/**', 'man/**', 'b.md'],
          },
          packages: { hello: { deb: '2-1' }, world: { deb: '3-1' } },
        },
      ],
      new Map([
        ['README.md', 'no version of hello\n'],
        ['docs/a.md', 'hello=1-1\n'],
      ]),
    ],
    'mention-unclear': [
      [
        {
          ...{ kind: 'mentions', name: 'consumers.app.edits[2]', files: ['a.md'] },
          packages: { hello: { deb: '2.0-1', rpm: '2.0_1-1' } },
        },
      ],
      text('a.md', '\nhello 1.9~rc1-1 is old\n'),
    ],
    'edits-disagree': [
      [yaml({ a: '1' }), { ...yaml({ a: '2' }), name: 'edits[1]' }],
      text('a.yaml', 'a: 0\n'),
    ],
  }

  test.each(Object.entries(cases))('%s', async (name, [edits, files]) => {
    let said: unknown
    try {
      applyEdits(edits, files)
    } catch (error) {
      said = error
    }

    await expect(`${failureText(said)}\n`).toMatchFileSnapshot(`testdata/errors/${name}.txt`)
  })
})
