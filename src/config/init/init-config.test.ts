import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { failureText } from '../../errors.ts'
import { runGit } from '../../lib/git.ts'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load.ts'
import { initConfig } from './init-config.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hawser-init-'))
})
afterEach(() => rm(root, { recursive: true }))

const environment = { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null' }

async function put(files: { readonly [path: string]: string | Uint8Array }): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

/** elf(5), as much as is looked at: magic, 64 bits, little endian, machine. */
async function putProgram(path: string, machine: number): Promise<void> {
  const bytes = new Uint8Array(64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  bytes.set([machine & 0xff, machine >> 8], 18)
  await put({ [path]: bytes })
  await chmod(join(root, path), 0o755)
}

/** The draft, which `check` must accept, as data. */
async function accepted() {
  const { text, notes } = await initConfig(root, { environment })
  const { findings } = await loadConfig({ text, root })
  expect(findings.map(formatFinding)).toEqual([])
  const document = parseDocument(text).toJS()
  const [name = ''] = Object.keys(document.packages)
  return { text, notes, document, name, fields: document.packages[name] }
}

describe('a draft that check accepts', () => {
  test('comes out of an empty folder, with what to do', async () => {
    const { text, notes, fields } = await accepted()

    expect(fields.maintainer).toBe('Your Name <you@example.org>')
    expect(notes).toContain('Nothing says who maintains it: write the maintainer.')
    expect(text).toContain('# yaml-language-server: $schema=')
  })

  test('takes names and texts from package.json', async () => {
    await put({
      'package.json': JSON.stringify({
        name: '@scope/Fast_Tool',
        description: 'Does ${things} fast.',
        author: { name: 'Jo Doe', email: 'jo@example.org' },
        license: 'MIT',
        homepage: 'https://example.org/fast',
      }),
    })

    const { document, fields } = await accepted()

    expect(document.project).toBe('fast-tool')
    expect(fields).toMatchObject({
      summary: 'Does $${things} fast',
      maintainer: 'Jo Doe <jo@example.org>',
      license: 'MIT',
      homepage: 'https://example.org/fast',
    })
  })

  test('leaves out what would be a finding, and says so', async () => {
    await put({
      'package.json': JSON.stringify({ name: 'x', author: 'Jo', homepage: 'example', license: 'MIT' }),
    })

    const { name, notes, fields } = await accepted()

    expect(name).toBe('my-project')
    expect(fields.homepage).toBeUndefined()
    expect(fields.maintainer).toBe('Your Name <you@example.org>')
    expect(notes.filter((note) => note.startsWith('Left out: packages.my-project.homepage.'))).toHaveLength(1)
  })

  test('takes a broken package.json for none', async () => {
    await put({ 'package.json': '{' })

    expect((await accepted()).notes).toContain(
      'package.json is no JSON object, so nothing was taken from it.',
    )
  })

  test('reads Cargo.toml', async () => {
    await put({
      'Cargo.toml':
        '[workspace]\n[package]\nname = "ferris"\nversion = "1.0.0"\nauthors = ["F <f@example.org>"]\nlicense = "MIT/Apache-2.0"\ndescription = "A crab"\n[dependencies]\nname = "no"\n',
    })

    const { name, fields } = await accepted()

    expect(name).toBe('ferris')
    expect(fields).toMatchObject({
      summary: 'A crab',
      license: 'MIT OR Apache-2.0',
      maintainer: 'F <f@example.org>',
    })
  })

  test('names a Go module by its last part', async () => {
    await put({ 'go.mod': 'module example.org/team/gadget/v3\n\ngo 1.24\n' })

    expect((await accepted()).name).toBe('gadget')
  })

  test('reads remote, person and tags from git', async () => {
    const git = (...args: string[]) => runGit(args, { cwd: root, environment })
    await git('init', '--quiet')
    await git('remote', 'add', 'origin', 'git@git.example.org:team/widget.git')
    await git('config', 'user.name', 'Jo Doe')
    await git('config', 'user.email', 'jo@example.org')
    await git('commit', '--quiet', '--allow-empty', '-m', 'Begin')
    await git('tag', 'v1.2.0')

    const { name, document, fields } = await accepted()

    expect(name).toBe('widget')
    expect(fields).toMatchObject({
      homepage: 'https://git.example.org/team/widget',
      maintainer: 'Jo Doe <jo@example.org>',
    })
    expect(document.release.tag).toBe('v${version}')
  })

  test('recognises the licence and ships it with the README', async () => {
    await put({
      LICENSE: `                                 Apache License\n                           Version 2.0, January 2004\n`,
      'README.md': '# Thing\n\n[![badge](x)](y)\n\nThing is a thing.\n',
      'package.json': '{"name":"thing"}',
    })

    const { fields } = await accepted()

    expect(fields).toMatchObject({
      license: 'Apache-2.0',
      summary: 'Thing is a thing',
      contents: [
        { from: 'LICENSE', to: '/usr/share/doc/thing/', license: true },
        { from: 'README.md', to: '/usr/share/doc/thing/', doc: true },
      ],
    })
  })

  test('finds programs, and writes one entry where the path follows from the architecture', async () => {
    await putProgram('dist/tool-linux-amd64', 62)
    await putProgram('dist/tool-linux-arm64', 183)
    await put({ 'dist/notes.txt': 'no program' })

    const { fields } = await accepted()

    expect(fields.architectures).toEqual(['amd64', 'arm64'])
    expect(fields.contents).toEqual([{ from: 'dist/tool-linux-${arch}', to: '/usr/bin/tool', mode: '0755' }])
  })

  test('writes overrides where it does not', async () => {
    await putProgram('build/x86_64/tool', 62)
    await putProgram('build/aarch64/tool', 183)

    const { fields } = await accepted()

    expect(fields.overrides.amd64.contents).toEqual([
      { from: 'build/x86_64/tool', to: '/usr/bin/tool', mode: '0755' },
    ])
    expect(fields.overrides.arm64.contents[0].from).toBe('build/aarch64/tool')
  })

  test('maps an nfpm file', async () => {
    await put({
      'scripts/post.sh': '#!/bin/sh\n',
      'nfpm.yaml': `name: widget
arch: x86_64
version: \${VERSION}
maintainer: Jo Doe <jo@example.org>
description: |
  A widget.
  It does things.
license: MIT
depends: ['libc6 (>= 2.17)', bash]
scripts: { postinstall: scripts/post.sh, preremove: scripts/missing.sh }
contents:
  - { src: 'dist/widget_{{ .Arch }}', dst: /usr/bin/widget, file_info: { mode: 0755 } }
  - { src: etc/widget.conf, dst: /etc/widget.conf, type: config|noreplace }
  - { dst: /var/lib/widget, type: dir, file_info: { mode: 0750, owner: widget } }
  - { src: widget, dst: /usr/bin/w, type: symlink }
  - { src: x, dst: /usr/bin/rpm-only, packager: rpm }
  - { src: 'x-{{ .Env.Y }}', dst: /usr/bin/y }
overrides: { rpm: { depends: [glibc] } }
`,
    })

    const { name, fields, notes } = await accepted()

    expect(name).toBe('widget')
    expect(fields).toMatchObject({
      summary: 'A widget',
      architectures: ['amd64'],
      depends: ['libc6 (>= 2.17)', 'bash'],
      contents: [
        { from: 'dist/widget_${arch}', to: '/usr/bin/widget', mode: '0755' },
        { from: 'etc/widget.conf', to: '/etc/widget.conf', config: 'noreplace' },
        { directory: '/var/lib/widget', mode: '0750', owner: 'widget' },
        { symlink: '/usr/bin/w', target: 'widget' },
      ],
      overrides: { rpm: { depends: ['glibc'] } },
    })
    expect(notes.join('\n')).toContain('Left out: packages.widget.scripts.preRemove.')
    expect(notes.join('\n')).toContain('"/usr/bin/rpm-only" is only for rpm in nfpm.yaml')
  })

  test('maps the nfpms of GoReleaser', async () => {
    await put({
      '.goreleaser.yaml':
        'project_name: gadget\nbuilds: [{ goarch: [amd64, arm64, "386"] }]\nnfpms:\n  - { maintainer: "G <g@example.org>", license: MIT, description: Gadget. , vendor: Team }\n  - { id: second }\n',
    })

    const { name, fields, notes } = await accepted()

    expect(name).toBe('gadget')
    expect(fields).toMatchObject({
      architectures: ['amd64', 'arm64', 'i386'],
      vendor: 'Team',
      summary: 'Gadget',
    })
    expect(notes.join('\n')).toContain('has several packages')
  })

  test('maps debian/control', async () => {
    await put({
      'debian/control':
        'Source: hello\nSection: devel\nPriority: optional\nMaintainer: Jo Doe <jo@example.org>\nHomepage: https://example.org/\n\n# comment\nPackage: hello\nArchitecture: any\nDepends: ${shlibs:Depends}, ${misc:Depends}, adduser,\n bash (>= 5) | dash\nDescription: says hello\n It says it well.\n .\n And often.\n\nPackage: hello-doc\nArchitecture: all\n',
    })

    const { fields } = await accepted()

    expect(fields).toMatchObject({
      summary: 'says hello',
      description: 'It says it well.\n\nAnd often.',
      section: 'devel',
      depends: ['adduser', 'bash (>= 5) | dash'],
    })
  })

  test('maps an rpm spec', async () => {
    await put({
      'hello.spec':
        'Name: hello\nVersion: %{v}\nSummary: Says hello\nLicense: GPL-3.0-or-later\nURL: https://example.org/%{name}\nRequires: bash >= 5\nRequires: %{name}-libs\n\n%description\nSummary: no\n',
    })

    const { fields } = await accepted()

    expect(fields).toMatchObject({
      summary: 'Says hello',
      license: 'GPL-3.0-or-later',
      depends: ['bash >= 5'],
    })
    expect(fields.homepage).toBeUndefined()
  })
})

test('a hawser.yaml that is there stays as it is', async () => {
  await put({ 'hawser.yaml': 'mine' })

  const failure = await initConfig(root, { environment }).catch((error: unknown) => error)

  await expect(failureText(failure)).toMatchFileSnapshot('../testdata/errors/init-exists.txt')
  expect(await readFile(join(root, 'hawser.yaml'), 'utf8')).toBe('mine')
})

test('looking writes nothing', async () => {
  await initConfig(root, { environment })

  expect(await readdir(root)).toEqual([])
})
