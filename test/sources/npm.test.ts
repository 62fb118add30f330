import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { npm } from '../../src/sources/npm/npm.ts'
import { publicRegistry } from '../../src/sources/npm/registry.ts'
import type { Source } from '../../src/sources/source.ts'
import { failureOf, listOf, type Project, signal, textOf, useProject } from './project.ts'
import { serve, serveBytes, type TestServer } from './server.ts'

const project = useProject()

interface Packed {
  readonly tarball: Buffer
  readonly integrity: string
}

/** What `npm pack` makes and would publish. */
async function pack(name: string): Promise<Packed> {
  const folder = join(project().folder, 'package')
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3', bin: 'bin/tool' }))
  await writeFile(join(folder, 'bin/tool'), 'a program')
  await chmod(join(folder, 'bin/tool'), 0o755)
  const environment = { ...project().environment, npm_config_cache: join(project().folder, 'cache') }
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', project().folder], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const integrity = /"integrity":\s*"(sha512-[^"]+)"/.exec(output.toString())?.[1] ?? ''
  const file = (await readdir(project().folder)).find((entry) => entry.endsWith('.tgz')) ?? ''
  return { tarball: await readFile(join(project().folder, file)), integrity }
}

interface Registry extends TestServer {
  readonly url: string
}

/** The two requests of npm's protocol that a download needs. */
async function serveRegistry(
  packed: Packed,
  { listed = packed.integrity, tarballOrigin }: { listed?: string; tarballOrigin?: string } = {},
): Promise<Registry> {
  const serveTarball = serveBytes(packed.tarball)
  const server = await serve((request, response) => {
    if (request.url === '/mirror/@tools%2fhello' || request.url === '/mirror/hello') {
      const tarball = `${tarballOrigin ?? server.origin}${tarballOrigin === undefined ? '/mirror' : ''}/hello/-/hello-1.2.3.tgz`
      response.end(JSON.stringify({ versions: { '1.2.3': { dist: { tarball, integrity: listed } } } }))
    } else if (request.url === '/mirror/hello/-/hello-1.2.3.tgz') serveTarball(request, response)
    else response.writeHead(404).end('{}')
  })
  return { ...server, url: `${server.origin}/mirror` }
}

function source(written: { package: string; integrity: string }, registry?: string): Source {
  const environment = {
    ...project().environment,
    ...(registry === undefined ? {} : { npm_config_registry: registry }),
  }
  const context: Project = { ...project(), environment }
  return npm.create(npm.options.parse(written), context)
}

describe('a package', () => {
  test('gives the files of its tarball, and is fetched once', async () => {
    const packed = await pack('hello')
    const registry = await serveRegistry(packed)
    const written = { package: 'hello@1.2.3', integrity: packed.integrity }

    const fetched = await source(written, registry.url).fetch(signal)
    const offline = await source(written, 'http://127.0.0.1:1').fetch(signal)

    expect(listOf(fetched)).toEqual(['bin/tool 755', 'package.json 644'])
    expect(await textOf(fetched, 'bin/tool', project())).toBe('a program')
    expect(offline).toEqual(fetched)
    expect(registry.requests.map(({ path }) => path)).toEqual([
      '/mirror/hello',
      '/mirror/hello/-/hello-1.2.3.tgz',
    ])
  })

  test('of a scope comes from the registry of the scope, with its token, which no other host gets', async () => {
    const packed = await pack('@tools/hello')
    const files = await serveRegistry(packed)
    const registry = await serveRegistry(packed, { tarballOrigin: `${files.origin}/mirror` })
    const host = registry.url.replace('http:', '')
    await writeFile(
      join(project().root, '.npmrc'),
      `@tools:registry=${registry.url}/\n${host}/:_authToken=\${NPM_TOKEN}\nregistry=http://127.0.0.1:1/\n`,
    )
    const context = { ...project(), environment: { ...project().environment, NPM_TOKEN: 'secret' } }
    const written = { package: '@tools/hello@1.2.3', integrity: packed.integrity }

    const fetched = await npm.create(npm.options.parse(written), context).fetch(signal)

    expect(fetched.files).toHaveLength(2)
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret'])
    expect(files.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  test('behind a mirror that names the public registry comes from the mirror', async () => {
    const packed = await pack('hello')
    const registry = await serveRegistry(packed, { tarballOrigin: publicRegistry.slice(0, -1) })

    await source({ package: 'hello@1.2.3', integrity: packed.integrity }, registry.url).fetch(signal)

    expect(registry.requests).toHaveLength(2)
  })
})

describe('refused', () => {
  const otherIntegrity = `sha512-${'A'.repeat(86)}==`

  test('a package that the registry lists with another digest, before it is fetched', async () => {
    const registry = await serveRegistry(await pack('hello'), { listed: `sha512-${'B'.repeat(85)}A==` })

    const text = await failureOf(
      source({ package: 'hello@1.2.3', integrity: otherIntegrity }, registry.url),
      project(),
    )

    await expect(text).toMatchFileSnapshot('testdata/errors/npm-listed-mismatch.txt')
    expect(registry.requests).toHaveLength(1)
  })

  test('a tarball with another digest than listed; nothing is kept', async () => {
    const registry = await serveRegistry({ tarball: Buffer.from('other'), integrity: otherIntegrity })

    const text = await failureOf(
      source({ package: 'hello@1.2.3', integrity: otherIntegrity }, registry.url),
      project(),
    )

    await expect(text).toMatchFileSnapshot('testdata/errors/npm-mismatch.txt')
    expect(await readdir(join(project().store.folder, 'partial'))).toEqual([])
  })

  test('a version that is not there', async () => {
    const packed = await pack('hello')
    const registry = await serveRegistry(packed)

    const text = await failureOf(
      source({ package: 'hello@9.9.9', integrity: packed.integrity }, registry.url),
      project(),
    )

    await expect(text).toMatchFileSnapshot('testdata/errors/npm-version.txt')
  })

  test('a package that is not there', async () => {
    const registry = await serveRegistry(await pack('hello'))

    const text = await failureOf(
      source({ package: 'helo@1.2.3', integrity: otherIntegrity }, registry.url),
      project(),
    )

    await expect(text).toMatchFileSnapshot('testdata/errors/npm-not-found.txt')
  })

  test('a registry that is a web page', async () => {
    const server = await serve((_request, response) => response.end('<html>Please sign in</html>'))

    const text = await failureOf(
      source({ package: 'hello@1.2.3', integrity: otherIntegrity }, server.origin),
      project(),
    )

    await expect(text).toMatchFileSnapshot('testdata/errors/npm-metadata.txt')
  })

  test('a registry setting that is no address', async () => {
    const text = await failureOf(
      source({ package: 'hello@1.2.3', integrity: otherIntegrity }, 'registry'),
      project(),
    )

    await expect(text).toMatchFileSnapshot('testdata/errors/npm-registry.txt')
  })
})

test("a real package comes from the registry of this machine's own settings", async () => {
  const context = { ...project(), root: join(import.meta.dirname, '../..'), environment: process.env }
  const { example } = npm

  const fetched = await npm.create(npm.options.parse(example), context).fetch(signal)

  expect(listOf(fetched)).toEqual(['README.md 644', 'bin/esbuild 755', 'package.json 644'])
  expect(await textOf(fetched, 'package.json', project())).toContain('"@esbuild/linux-x64"')
})
