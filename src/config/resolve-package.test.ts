import { describe, expect, test } from 'vitest'
import { parseConfig } from './parse-config.ts'
import { resolvePackage } from './resolve-package.ts'
import type { ResolvedPackage } from './resolved-package.ts'
import { fakeKinds } from './testdata/fake-kinds.ts'

const head = `project: hello
sources: { up-amd64: { disk: { path: a } }, up-arm64: { disk: { path: b } } }
keys: { release: { seal: { key: 'env:KEY' } } }
repositories:
  old: { stack: {}, storage: { folder: { path: o } }, keys: [release], distribution: el8 }
  deb: { shelf: { suite: s }, storage: { folder: { path: d } }, keys: [release] }
`

const hello = `packages:
  hello:
    architectures: [amd64, arm64]
    summary: Says hello
    maintainer: Jo Doe <jo@example.org>
    license: MIT
`

async function resolved(
  body: string,
  variant: { format?: string; architecture?: string; distribution?: string } = {},
): Promise<ResolvedPackage> {
  const { config, findings } = await parseConfig(fakeKinds, {
    text: head + hello + body,
    file: 'hawser.yaml',
    version: '1.2.0-rc.1',
  })
  if (config === undefined) throw new Error(JSON.stringify(findings, null, 2))
  const { format = 'deb', architecture = 'amd64', distribution } = variant
  return resolvePackage(config, 'hello', { format, architecture, distribution }, fakeKinds.versions)
}

describe('a package for one variant', () => {
  test('has every default', async () => {
    expect(await resolved('')).toEqual({
      format: 'deb',
      architecture: 'amd64',
      distribution: undefined,
      name: 'hello',
      version: { epoch: 0, declared: '1.2.0-rc.1', build: '1', scheme: 'standard' },
      summary: 'Says hello',
      description: 'Says hello',
      maintainer: 'Jo Doe <jo@example.org>',
      vendor: undefined,
      homepage: undefined,
      license: 'MIT',
      section: 'misc',
      priority: 'optional',
      contents: [],
      relations: {
        depends: [],
        preDepends: [],
        recommends: [],
        suggests: [],
        enhances: [],
        conflicts: [],
        breaks: [],
        provides: [],
        replaces: [],
        obsoletes: [],
      },
      scripts: {},
      systemd: [],
      triggers: [],
      changelog: { from: 'entries', entries: [] },
      compression: { kind: 'xz', level: 6 },
      fields: {},
      sign: undefined,
    })
  })

  test.each(['0755', "'0755'", '0o755', '755'])('reads the mode %s as octal', async (mode) => {
    const { contents } = await resolved(`    contents: [{ directory: /var/lib/hello, mode: ${mode} }]\n`)

    expect(contents[0]).toMatchObject({ mode: 0o755 })
  })

  test('gets its architecture where the file says ${arch}', async () => {
    const body = `    contents: [{ from: 'up-\${arch}:bin/x', to: '/usr/lib/\${arch}/x$\${y}' }]\n`

    const { contents } = await resolved(body, { architecture: 'arm64' })

    expect(contents).toEqual([
      {
        type: 'file',
        from: { source: 'up-arm64', pattern: 'bin/x' },
        to: '/usr/lib/arm64/x${y}',
        mode: undefined,
        role: 'plain',
        owner: 'root',
        group: 'root',
      },
    ])
  })

  test('takes overrides in the order format, architecture, distribution', async () => {
    const body = `    section: base
    vendor: base
    priority: base
    homepage: https://base.example.org/
    overrides:
      el8: { section: distribution }
      amd64: { section: architecture, vendor: architecture }
      rpm: { section: format, vendor: format, priority: format }
`
    const { section, vendor, priority, homepage } = await resolved(body, {
      format: 'rpm',
      distribution: 'el8',
    })

    expect([section, vendor, priority]).toEqual(['distribution', 'architecture', 'format'])
    expect(homepage).toBe('https://base.example.org/')
  })

  test('merges scripts and fields key by key, and contents by target', async () => {
    const body = `    scripts: { preInstall: a, postInstall: b }
    fields: { A: 1, B: 2 }
    contents: [{ from: a, to: /etc/a }, { from: LICENSE, to: /usr/share/doc/hello/ }]
    overrides:
      deb:
        scripts: { postInstall: c }
        fields: { B: 3 }
        contents: [{ from: b, to: /etc/b }, { from: x/LICENSE, to: /usr/share/doc/hello/, license: true }]
`
    const { scripts, fields, contents } = await resolved(body)

    expect(scripts).toEqual({ preInstall: 'a', postInstall: 'c' })
    expect(fields).toEqual({ A: '1', B: '3' })
    expect(contents.map((entry) => (entry.type === 'file' ? [entry.from.pattern, entry.role] : []))).toEqual([
      ['a', 'plain'],
      ['x/LICENSE', 'license'],
      ['b', 'plain'],
    ])
  })

  test('depends on a package of this file at its full version, and on others as written', async () => {
    const { relations } = await resolved(
      `    depends: ['hello = \${version}', 'other = 1.2.0-rc.1 | hello >= 1']\n`,
    )

    expect(relations.depends).toEqual([
      [
        {
          name: 'hello',
          operator: '=',
          version: { epoch: 0, declared: '1.2.0-rc.1', build: '1', scheme: 'standard' },
        },
      ],
      [
        { name: 'other', operator: '=', version: '1.2.0-rc.1' },
        { name: 'hello', operator: '>=', version: '1' },
      ],
    ])
  })

  test('has units with their file, and a changelog with days as seconds', async () => {
    const body = `    systemd: [{ unit: 'up-\${arch}:lib/x.service', start: false }]
    changelog: [{ version: 1.10, date: 1970-01-02, changes: [First] }]
    compression: { kind: zstd }
`
    const { systemd, changelog, compression } = await resolved(body)

    expect(systemd).toEqual([
      {
        unit: 'x.service',
        from: { source: 'up-amd64', pattern: 'lib/x.service' },
        enable: true,
        start: false,
        restartAfterUpgrade: true,
      },
    ])
    expect(changelog).toEqual({
      from: 'entries',
      entries: [{ version: '1.10', author: 'Jo Doe <jo@example.org>', date: 86_400, changes: ['First'] }],
    })
    expect(compression).toEqual({ kind: 'zstd', level: 19 })
  })
})

test('a finding in an override is shown where the override stands', async () => {
  const text = `${head}${hello}    contents: [{ from: a, to: /etc/a }]
    overrides:
      rpm:
        contents:
          - { from: b, to: etc/b }
`
  const { findings } = await parseConfig(fakeKinds, { text, file: 'hawser.yaml' })

  expect(findings).toMatchObject([
    { line: 17, column: 28, path: 'packages.hello.overrides.rpm.contents[0].to', code: 'CONTENT_TARGET' },
  ])
})

test('a package is built in the formats that repositories need, and in all when none does', async () => {
  const formats = async (repositories: string) => {
    const text = `project: hello\nkeys: { k: { seal: { key: 'env:K' } } }\nrepositories: ${repositories}\n${hello}`
    const { config } = await parseConfig(fakeKinds, { text, file: 'hawser.yaml' })
    return config?.packages['hello']?.formats
  }
  const rest = 'storage: { folder: { path: a } }, keys: [k]'

  expect(await formats(`{ a: { stack: {}, ${rest} } }`)).toEqual(['rpm'])
  expect(
    await formats(`{ a: { stack: {}, ${rest} }, b: { shelf: { suite: s }, ${rest}, packages: [] } }`),
  ).toEqual(['rpm'])
  expect(await formats('{}')).toEqual(['deb', 'rpm'])
})
