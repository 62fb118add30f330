import { execFileSync, spawn } from 'node:child_process'
import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { git } from '../../src/sources/git/git.ts'
import type { Source } from '../../src/sources/source.ts'
import { failureOf, listOf, signal, textOf, useProject } from './project.ts'
import { serve } from './server.ts'

const project = useProject()

function run(folder: string, ...args: string[]): string {
  const identity = [
    '-c',
    'user.name=Test',
    '-c',
    'user.email=test@example.com',
    '-c',
    'protocol.file.allow=always',
  ]
  const env = { ...project().environment, GIT_CONFIG_GLOBAL: '/dev/null' }
  return execFileSync('git', ['-C', folder, ...identity, ...args], {
    env,
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim()
}

/** A real repository with one commit of these files. */
async function repository(name: string, files: { readonly [path: string]: string }): Promise<string> {
  const folder = join(project().folder, name)
  await mkdir(folder)
  run(folder, 'init', '--quiet', '--initial-branch=main')
  await commit(folder, files)
  return folder
}

async function commit(folder: string, files: { readonly [path: string]: string }): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  run(folder, 'add', '--all')
  run(folder, 'commit', '--quiet', '--message=change')
  return run(folder, 'rev-parse', 'HEAD')
}

const source = (written: object): Source =>
  git.create(git.options.parse({ submodules: false, ...written }), project())

describe('a commit', () => {
  test('gives its files as git stores them, with executable bits and links', async () => {
    const folder = await repository('upstream', { 'docs/a.md': 'text\n', 'bin/run': '#!/bin/sh\n' })
    await chmod(join(folder, 'bin/run'), 0o755)
    await symlink('bin/run', join(folder, 'run'))
    const pinned = await commit(folder, { empty: '' })
    await commit(folder, { 'docs/a.md': 'later\n' })

    const fetched = await source({ repository: folder, commit: pinned }).fetch(signal)

    expect(listOf(fetched)).toEqual(['bin/run 755', 'docs/a.md 644', 'empty 644', 'run 777 → bin/run'])
    expect(await textOf(fetched, 'docs/a.md', project())).toBe('text\n')
    expect(await readdir(join(project().store.folder, 'temporary'))).toEqual([])
  })

  test('is fetched once; later the repository may be away', async () => {
    const folder = await repository('upstream', { a: 'a' })
    const pinned = run(folder, 'rev-parse', 'HEAD')
    const fetched = await source({ repository: folder, commit: pinned }).fetch(signal)

    await rm(folder, { recursive: true })

    expect(await source({ repository: folder, commit: pinned }).fetch(signal)).toEqual(fetched)
  })

  test('by its tag, annotated or not', async () => {
    const folder = await repository('upstream', { a: 'a' })
    run(folder, 'tag', '--annotate', '--message=release', 'v1.0.0')
    run(folder, 'tag', 'light')
    const pinned = run(folder, 'rev-parse', 'HEAD')

    for (const tag of ['v1.0.0', 'light']) {
      const fetched = await source({ repository: folder, commit: pinned, tag }).fetch(signal)
      expect(listOf(fetched)).toEqual(['a 644'])
    }
  })

  test('is not changed by filters, attributes or line ends that it declares', async () => {
    const marker = join(project().folder, 'filter-ran')
    const folder = await repository('upstream', {
      '.gitattributes': '* text eol=crlf filter=evil ident export-subst\nhidden export-ignore\n',
      hidden: 'a\n',
      id: '$Id$ $Format:%H$\n',
    })
    await writeFile(
      join(String(project().environment['HOME']), '.gitconfig'),
      `[filter "evil"]\n\tsmudge = touch ${marker}\n[core]\n\tautocrlf = true\n`,
    )

    const fetched = await source({ repository: folder, commit: run(folder, 'rev-parse', 'HEAD') }).fetch(
      signal,
    )

    expect(await textOf(fetched, 'id', project())).toBe('$Id$ $Format:%H$\n')
    expect(listOf(fetched)).toContain('hidden 644')
    expect(await readdir(project().folder)).not.toContain('filter-ran')
  })

  test('of many files keeps contents and paths together', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`f/${index}`, `text ${index % 7}`]),
    )
    const folder = await repository('upstream', files)

    const fetched = await source({ repository: folder, commit: run(folder, 'rev-parse', 'HEAD') }).fetch(
      signal,
    )

    expect(fetched.files).toHaveLength(300)
    expect(await textOf(fetched, 'f/123', project())).toBe('text 4')
  })
})

test('a commit that is no branch or tag comes over http too', async () => {
  const folder = await repository('upstream', { a: 'first' })
  const pinned = run(folder, 'rev-parse', 'HEAD')
  await commit(folder, { a: 'second' })
  const { origin } = await serve(gitBackend(project().folder))

  const fetched = await source({ repository: `${origin}/upstream/.git`, commit: pinned }).fetch(signal)

  expect(await textOf(fetched, 'a', project())).toBe('first')
})

/** git's own server program, by the common gateway interface (RFC 3875). */
function gitBackend(root: string): RequestListener {
  return (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://localhost')
    const child = spawn('git', ['http-backend'], {
      env: {
        ...project().environment,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    })
    request.pipe(child.stdin)
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('close', () => {
      const whole = Buffer.concat(output)
      const end = whole.indexOf('\r\n\r\n')
      const headers = whole.subarray(0, end).toString().split('\r\n')
      for (const header of headers) {
        const [name = '', value = ''] = header.split(': ')
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10)
        else response.setHeader(name, value)
      }
      response.end(whole.subarray(end + 4))
    })
  }
}

describe('submodules', () => {
  async function withSubmodule(): Promise<{ folder: string; commit: string }> {
    await repository('library', { 'lib.c': 'library' })
    const folder = await repository('upstream', { 'main.c': 'main' })
    run(folder, 'submodule', '--quiet', 'add', '../library', 'deps/library')
    return { folder, commit: await commit(folder, {}) }
  }

  test('are left out unless they are declared', async () => {
    const { folder, commit: pinned } = await withSubmodule()

    const fetched = await source({ repository: folder, commit: pinned }).fetch(signal)

    expect(listOf(fetched)).toEqual(['.gitmodules 644', 'main.c 644'])
  })

  test('are part of the tree when they are declared', async () => {
    const { folder, commit: pinned } = await withSubmodule()

    const fetched = await source({ repository: folder, commit: pinned, submodules: true }).fetch(signal)

    expect(listOf(fetched)).toEqual(['.gitmodules 644', 'deps/library/lib.c 644', 'main.c 644'])
  })

  test('with an address that runs a program are refused', async () => {
    const { folder } = await withSubmodule()
    run(folder, 'config', '--file', '.gitmodules', 'submodule.deps/library.url', 'ext::sh -c evil')
    const pinned = await commit(folder, {})

    const text = await failureOf(source({ repository: folder, commit: pinned, submodules: true }), project())

    await expect(text).toMatchFileSnapshot('testdata/errors/git-submodule.txt')
  })
})

describe('refused', () => {
  const nowhere = 'a'.repeat(40)

  test('a commit that the repository does not have', async () => {
    const folder = await repository('upstream', { a: 'a' })
    const text = await failureOf(source({ repository: folder, commit: nowhere }), project())
    await expect(text).toMatchFileSnapshot('testdata/errors/git-missing.txt')
  })

  test('a tag that the repository does not have', async () => {
    const folder = await repository('upstream', { a: 'a' })
    const text = await failureOf(source({ repository: folder, commit: nowhere, tag: 'v9' }), project())
    await expect(text).toMatchFileSnapshot('testdata/errors/git-missing-tag.txt')
  })

  test('a tag that was moved', async () => {
    const folder = await repository('upstream', { a: 'a' })
    run(folder, 'tag', 'v1')
    const found = run(folder, 'rev-parse', 'HEAD')
    const text = await failureOf(source({ repository: folder, commit: nowhere, tag: 'v1' }), project())
    await expect(text.replaceAll(found, 'COMMIT')).toMatchFileSnapshot('testdata/errors/git-tag-moved.txt')
  })

  test('a repository that is not there', async () => {
    const text = await failureOf(source({ repository: '../missing', commit: nowhere }), project())
    await expect(text).toMatchFileSnapshot('testdata/errors/git-no-repository.txt')
  })

  test('an address that the settings of the reader turn into a program', async () => {
    const marker = join(project().folder, 'program-ran')
    await writeFile(
      join(String(project().environment['HOME']), '.gitconfig'),
      `[url "ext::touch ${marker} #"]\n\tinsteadOf = https://example.com/\n[protocol "ext"]\n\tallow = always\n`,
    )

    const text = await failureOf(
      source({ repository: 'https://example.com/a.git', commit: nowhere }),
      project(),
    )

    await expect(text).toMatchFileSnapshot('testdata/errors/git-protocol.txt')
    expect(await readdir(project().folder)).not.toContain('program-ran')
  })

  test('a link that leaves the tree', async () => {
    const folder = await repository('upstream', { a: 'a' })
    await symlink('../../etc/passwd', join(folder, 'link'))
    const pinned = await commit(folder, {})
    const text = await failureOf(source({ repository: folder, commit: pinned }), project())
    await expect(text).toMatchFileSnapshot('testdata/errors/git-link.txt')
  })
})
