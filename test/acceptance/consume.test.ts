import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type ConsumerProject, consumerProject } from './consumer-project.ts'

let project: ConsumerProject | undefined
afterEach(() => project?.remove())

async function opened(): Promise<ConsumerProject> {
  project = await consumerProject()
  return project
}

const bump = ({ hawser }: ConsumerProject, ...args: readonly string[]) => hawser(['bump', '1.5.2-1', ...args])

/** Added lines of a diff, by file. */
async function changed({ inConsumer }: ConsumerProject, file: string): Promise<readonly string[]> {
  const diff = await inConsumer('diff', '--unified=0', '--', file)
  return diff.split('\n').flatMap((line) => (/^\+(?!\+\+ )/.test(line) ? [line.slice(1)] : []))
}

describe('P18', () => {
  test('consuming 1.5.2-1 after 1.5.1-3 changes 6 values and 15 rules, and no line of docker or gluster; twice is once', async () => {
    const subject = await opened()

    const first = await bump(subject, 'toolkit', '--in', subject.consumer)

    expect(first).toMatchObject({ code: 0 })
    const values = await changed(subject, 'ansible/group_vars/all.yaml')
    const rules = await changed(subject, 'pkg/inspector/rule/rule_set.go')
    expect(values).toEqual([
      'kismatic_kubernetes_master_yum_version: 1.5.2_1-1',
      'kismatic_kubernetes_node_yum_version: 1.5.2_1-1',
      'kismatic_etcd_yum_version: 1.5.2_1-1',
      'kismatic_kubernetes_master_apt_version: 1.5.2-1',
      'kismatic_kubernetes_node_apt_version: 1.5.2-1',
      'kismatic_etcd_apt_version: 1.5.2-1',
    ])
    expect(rules.toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => '  packageVersion: 1.5.2-1'),
      ...Array.from({ length: 10 }, () => '  packageVersion: 1.5.2_1-1'),
    ])
    const removed = (await subject.inConsumer('diff', '--unified=0'))
      .split('\n')
      .filter((line) => /^-(?!-- )/.test(line))
    expect(removed.filter((line) => /gluster|docker_engine|3\.8\.7/.test(line))).toEqual([])
    const afterwards = await subject.inConsumer('diff')

    const second = await bump(subject, 'toolkit', '--in', subject.consumer)

    expect(second).toMatchObject({ code: 0, stdout: '' })
    expect(second.stderr).toContain('has the packages 1.5.2-1 of production already')
    expect(await subject.inConsumer('diff')).toBe(afterwards)
  })
})

test('without a checkout the change is shown as a patch, which git applies to the same result', async () => {
  const subject = await opened()

  const { code, stdout, stderr } = await bump(subject)
  expect(code).toBe(0)
  expect(stderr).toContain('would change')
  expect(await subject.inConsumer('status', '--porcelain')).toBe('')
  await writeFile(join(subject.consumer, '../change.patch'), stdout)
  await subject.inConsumer('apply', '../change.patch')
  const applied = await subject.inConsumer('diff')
  await subject.inConsumer('checkout', '--quiet', '.')
  await bump(subject, '--in', subject.consumer)

  expect(await subject.inConsumer('diff')).toBe(applied)
})

test('staging writes the addresses of staging, production those of production, in place', async () => {
  const subject = await opened()

  await bump(subject, '--environment', 'staging', '--in', subject.consumer)
  const staging = await changed(subject, 'ansible/group_vars/all.yaml')
  await bump(subject, '--in', subject.consumer)

  expect(staging.filter((line) => line.includes('_url'))).toEqual([
    'kubernetes_yum_repository_url: https://packages.example.org/rpm-test',
    'kubernetes_yum_gpg_key_url: "https://packages.example.org/rpm-test/RPM-GPG-KEY-rpm-staging"',
    'kubernetes_deb_repository_url: https://packages.example.org/deb-test   # xenial main',
    "kubernetes_deb_gpg_key_url: 'https://packages.example.org/deb-test/deb-staging.asc'",
  ])
  expect(await changed(subject, 'ansible/group_vars/all.yaml')).toHaveLength(6)
})

describe('drift', () => {
  test('is told by file and line, and nothing is written', async () => {
    const subject = await opened()

    const { code, stdout } = await bump(subject, '--check')

    expect(code).toBe(1)
    expect(stdout.split('\n')).toHaveLength(6 + 15 + 7 + 3 + 2 + 1)
    expect(stdout).toContain('README.md:10  "1.5.1-3" is to be "1.5.2-1" (consumers.toolkit.edits[2]).\n')
    expect(await subject.inConsumer('status', '--porcelain')).toBe('')
  })

  test('there is none after a bump, and what is put in afterwards is found', async () => {
    const subject = await opened()
    await bump(subject, '--in', subject.consumer)
    const clean = await bump(subject, '--check', '--in', subject.consumer)
    await appendFile(
      join(subject.consumer, 'README.md'),
      '\nbaseurl=https://packages.example.org/rpm-test\n\nkismatic-etcd_1.5.1-3_amd64.deb\n',
    )
    const rules = join(subject.consumer, 'pkg/inspector/rule/rule_set.go')
    const text = await readFile(rules, 'utf8')
    await writeFile(
      rules,
      text.replace(
        '["master", "rhel"]\n  packageName: kismatic',
        '["master", "centos"]\n  packageName: kismatic',
      ),
    )

    const drifted = await bump(subject, '--check', '--in', subject.consumer)

    expect(clean).toMatchObject({ code: 0, stdout: '' })
    expect(drifted.code).toBe(1)
    expect(drifted.stdout).toMatchInlineSnapshot(`
      "README.md:13  https://packages.example.org/rpm-test is the address of "rpm-staging" (staging).
      README.md:15  "1.5.1-3" is to be "1.5.2-1" (consumers.toolkit.edits[2]).
      pkg/inspector/rule/rule_set.go:16  consumers.toolkit.edits[1]: the pattern finds nothing for "kismatic-kubernetes-master" and the variant "rhel". The package is named here, and not as the pattern says.
      "
    `)
  })

  test('without a version it is looked for what was released last, or is to be first', async () => {
    const subject = await opened()
    await subject.git('tag', '1.5.2-4')
    await subject.git('commit', '--quiet', '--allow-empty', '--message', 'Later')

    const { code, stderr } = await subject.hawser(['bump', 'toolkit', '--check'])

    expect(code).toBe(1)
    expect(stderr).toContain('33 places are not at 1.5.2-4, in main of ')
  })

  test('machines get it as JSON', async () => {
    const subject = await opened()

    const { code, stdout } = await bump(subject, '--check', '--json')

    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject([
      {
        ...{ consumer: 'toolkit', environment: 'production', files: 5 },
        findings: expect.arrayContaining([
          expect.objectContaining({
            file: 'README.md',
            line: 10,
            message: expect.stringContaining('1.5.1-3'),
          }),
        ]),
      },
    ])
  })
})

test('a link in a checkout is not followed, and nothing is half done', async () => {
  const subject = await opened()
  const outside = join(subject.consumer, '../all.yaml')
  const link = join(subject.consumer, 'ansible/group_vars/all.yaml')
  await writeFile(outside, await readFile(link))
  await subject.inConsumer('rm', '--quiet', 'ansible/group_vars/all.yaml')
  await subject.inConsumer('commit', '--quiet', '--message', 'x')
  await mkdir(join(subject.consumer, 'ansible/group_vars'), { recursive: true })
  await symlink(outside, link)

  const { code, stderr } = await bump(subject, '--in', subject.consumer)

  expect(code).toBe(2)
  expect(stderr).toContain('ansible/group_vars/all.yaml  consumers.toolkit.edits[0]: there is no such file.')
  expect(await readFile(outside, 'utf8')).toContain('1.5.1_3-1')
  expect(await changed(subject, 'pkg/inspector/rule/rule_set.go')).toEqual([])
})

describe('what people are told', () => {
  const cases: { readonly [name: string]: readonly string[] } = {
    'unknown-consumer': ['1.5.2-1', 'toolkits'],
    'unknown-environment': ['1.5.2-1', '--environment', 'productoin'],
    'extra-word': ['1.5.2-1', 'toolkit', 'more'],
    'other-upstream': ['1.5.3-1', 'toolkit'],
    'no-build': ['1.5.2', 'toolkit'],
    'folder-absent': ['1.5.2-1', 'toolkit', '--in', '../nowhere'],
    'component-flag': ['component', 'kubernetes', '1.5.3', '--check'],
  }

  test.each(Object.entries(cases))('%s', async (name, args) => {
    const subject = await opened()

    const { code, stderr } = await subject.hawser(['bump', ...args])

    expect(code).toBe(2)
    const said = stderr.replaceAll(join(subject.root, '..'), 'FOLDER')
    await expect(said).toMatchFileSnapshot(`testdata/errors/consume/${name}.txt`)
  })
})
