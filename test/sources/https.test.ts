import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  watch,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openArtifactStore } from '../../src/artifacts/store.ts'
import { digestOf, hexOf } from '../../src/lib/digest.ts'
import { https } from '../../src/sources/https/https.ts'
import type { Source } from '../../src/sources/source.ts'
import { failureOf, listOf, type Project, signal, textOf, useProject } from './project.ts'
import { serve, serveBytes } from './server.ts'

const project = useProject()
const bytes = randomBytes(300_000)
const sha256Of = (data: Uint8Array): string => hexOf(digestOf(data))

function source(
  url: string,
  data: Uint8Array = bytes,
  more: object = {},
  context: Project = project(),
): Source {
  return https.create(https.options.parse({ url, sha256: sha256Of(data), ...more }), context)
}

const partials = (): Promise<string[]> => readdir(join(project().store.folder, 'partial'))
const blobs = async (): Promise<string[]> =>
  (await readdir(project().store.folder, { recursive: true })).filter((path) => /sha256\/..\/./.test(path))

describe('a pinned file', () => {
  test('is fetched once; later there is no network, also for another process', async () => {
    const server = await serve(serveBytes(bytes))

    const fetched = await source(`${server.origin}/files/hello%20world.bin?token=1`).fetch(signal)
    const reopened = { ...project(), store: await openArtifactStore(project().store.folder) }
    const again = await source(`${server.origin}/files/hello%20world.bin`, bytes, {}, reopened).fetch(signal)

    expect(fetched.files).toEqual([
      { path: 'hello world.bin', mode: 0o644, digest: digestOf(bytes), sizeBytes: bytes.length },
    ])
    expect(again).toEqual(fetched)
    expect(server.requests).toHaveLength(1)
    expect(await partials()).toEqual([])
  })

  test.each([
    ['/a%20b.bin', 'a b.bin'],
    ['/%C3%A9', 'é'],
    ['/100%25', '100%'],
    ['/50%', '50%'],
    ['/a%2fb', 'a%2fb'],
    ['/a%0ab', 'a%0ab'],
    ['/%ff', '%ff'],
    ['/', 'download'],
  ])('at %s is named %s', async (path, name) => {
    const server = await serve(serveBytes(bytes))

    expect((await source(server.origin + path).fetch(signal)).files[0]?.path).toBe(name)
  })

  test.each(['..', '.', 'a/b', '', 'a\nb'])('cannot be given the name %j', (name) => {
    const url = 'https://example.com/a'
    expect(https.options.safeParse({ url, sha256: sha256Of(bytes), name }).success).toBe(false)
  })

  test('is known without the network once it was fetched, and not before', async () => {
    const server = await serve(serveBytes(bytes))
    const pinned = source(`${server.origin}/a.bin`)

    expect(await pinned.peek(signal)).toBeUndefined()
    expect(server.requests).toEqual([])
    const fetched = await pinned.fetch(signal)
    expect(await pinned.peek(signal)).toEqual(fetched)
  })

  test('that is damaged in the store is fetched again', async () => {
    const server = await serve(serveBytes(bytes))
    const { digest } = await source(`${server.origin}/a`).fetch(signal)
    const path = project().store.path(digest)
    await chmod(path, 0o644)
    await appendFile(path, 'x')

    await source(`${server.origin}/a`).fetch(signal)

    expect(server.requests).toHaveLength(2)
    expect(project().warnings).toHaveLength(1)
    expect(digestOf(await readFile(path))).toBe(digest)
  })

  test('with another digest is refused, and nothing is kept', async () => {
    const server = await serve(serveBytes(Buffer.from('other')))

    const text = await failureOf(source(`${server.origin}/a.bin`, Buffer.from('hello')), project())

    await expect(text).toMatchFileSnapshot('testdata/errors/digest-mismatch.txt')
    expect(await partials()).toEqual([])
    expect(await blobs()).toEqual([])
  })

  test('larger than the limit is refused, whether the server says so or not', async () => {
    const announced = await serve(serveBytes(bytes))
    const silent = await serve((_request, response) => {
      response.write(bytes)
      response.end()
    })

    const text = await failureOf(source(`${announced.origin}/a.bin`, bytes, { sizeMax: 1000 }), project())

    await expect(text).toMatchFileSnapshot('testdata/errors/too-large.txt')
    expect(await failureOf(source(`${silent.origin}/a.bin`, bytes, { sizeMax: 1000 }), project())).toBe(text)
  })
})

describe('a broken download', () => {
  test('goes on where it stopped, on condition that the file is the same', async () => {
    const server = await serve(serveBytes(bytes, { etag: '"v1"', breakAt: [100_000, 250_000] }))

    await source(`${server.origin}/a.bin`).fetch(signal)

    expect(server.requests.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([
      [undefined, undefined],
      ['bytes=100000-', '"v1"'],
      ['bytes=250000-', '"v1"'],
    ])
    expect(project().retries).toHaveLength(2)
  })

  test('goes on in a later process', async () => {
    const breaks = [50_000, 50_000, 50_000, 50_000, 50_000]
    const server = await serve(serveBytes(bytes, { etag: '"v1"', breakAt: breaks }))
    await expect(failureOf(source(`${server.origin}/a.bin`), project())).resolves.toContain(
      'SOURCE_UNREACHABLE',
    )
    const before = server.requests.length

    const later = { ...project(), store: await openArtifactStore(project().store.folder) }
    await source(`${server.origin}/a.bin`, bytes, {}, later).fetch(signal)

    expect(server.requests.slice(before).map(({ headers }) => headers.range)).toEqual(['bytes=50000-'])
    expect(await partials()).toEqual([])
  })

  test('that was killed is taken over by the next process', async () => {
    let holding = true
    const serveFile = serveBytes(bytes)
    const server = await serve((request, response) => {
      if (!holding) serveFile(request, response)
      else response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 200_000))
    })
    const folder = await project().store.scratch('partial')
    const watching = watch(folder, { signal: AbortSignal.timeout(30_000) })
    const child = spawn(process.execPath, ['--input-type=module', '--eval', fetchingProgram(server.origin)])
    for await (const { filename } of watching) {
      if (filename !== null && (await sizeOf(join(folder, filename))) === 200_000) break
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    holding = false

    await source(`${server.origin}/a.bin`).fetch(signal)

    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=200000-'])
    expect(await partials()).toEqual([])
  })

  function fetchingProgram(origin: string): string {
    const sources = JSON.stringify(join(import.meta.dirname, '../../src'))
    const written = JSON.stringify({ url: `${origin}/a.bin`, sha256: sha256Of(bytes) })
    const folder = JSON.stringify(project().store.folder)
    return `
      const { openArtifactStore } = await import(${sources} + '/artifacts/store.ts')
      const { https } = await import(${sources} + '/sources/https/https.ts')
      const context = { root: '/', environment: {}, store: await openArtifactStore(${folder}) }
      await https.create(https.options.parse(${written}), context).fetch(new AbortController().signal)
    `
  }

  async function sizeOf(path: string): Promise<number> {
    return await stat(path).then(
      ({ size }) => size,
      () => 0,
    )
  }

  test('begins anew when the server knows no ranges', async () => {
    const server = await serve(serveBytes(bytes, { breakAt: [100_000], ignoreRange: true }))

    const { digest } = await source(`${server.origin}/a.bin`).fetch(signal)

    expect(digest).toBe(digestOf(bytes))
    expect(server.requests).toHaveLength(2)
  })

  test('begins anew once when the parts do not fit together', async () => {
    const server = await serve(serveBytes(bytes))
    const partial = join(await project().store.scratch('partial'), `${sha256Of(bytes)}.released`)
    await writeFile(partial, 'bytes of another file')

    const { digest } = await source(`${server.origin}/a.bin`).fetch(signal)

    expect(digest).toBe(digestOf(bytes))
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=21-', undefined])
  })

  test('that had all its bytes needs no network', async () => {
    const server = await serve(serveBytes(bytes))
    await writeFile(join(await project().store.scratch('partial'), `${sha256Of(bytes)}.released`), bytes)

    const { digest } = await source(`${server.origin}/a.bin`).fetch(signal)

    expect(digest).toBe(digestOf(bytes))
    expect(server.requests).toEqual([])
  })

  test('begins anew when the server has no such part', async () => {
    const serveFile = serveBytes(bytes)
    const server = await serve((request, response) => {
      if (request.headers.range === undefined) serveFile(request, response)
      else response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    })
    const longer = Buffer.concat([bytes, bytes])
    await writeFile(join(await project().store.scratch('partial'), `${sha256Of(bytes)}.released`), longer)

    const { digest } = await source(`${server.origin}/a.bin`).fetch(signal)

    expect(digest).toBe(digestOf(bytes))
  })

  test('can be cancelled, and keeps what it has', async () => {
    const stop = new AbortController()
    const server = await serve(serveBytes(bytes, { breakAt: [1000] }))
    const context = { ...project(), wait: async () => stop.abort(new Error('cancelled')) }

    const cancelled = source(`${server.origin}/a.bin`, bytes, {}, context).fetch(stop.signal)

    await expect(cancelled).rejects.toThrow('cancelled')
    expect(await partials()).toEqual([`${sha256Of(bytes)}.released`])
  })

  test('two at once do not disturb each other', async () => {
    const server = await serve(serveBytes(bytes, { breakAt: [10_000, 20_000] }))

    const both = await Promise.all([
      source(`${server.origin}/a.bin`).fetch(signal),
      source(`${server.origin}/a.bin`).fetch(signal),
    ])

    expect(both[0]).toEqual(both[1])
  })
})

describe('answers that are not the file', () => {
  test.each([
    ['not-found', 404],
    ['forbidden', 403],
    ['proxy-forbidden', 407],
    ['unavailable', 503],
    ['http-status', 400],
  ])('%s', async (name, status) => {
    const server = await serve((_request, response) => response.writeHead(status).end('a page'))

    await expect(await failureOf(source(`${server.origin}/a.bin`), project())).toMatchFileSnapshot(
      `testdata/errors/${name}.txt`,
    )
  })

  test('a busy server is asked again, not before the time it names', async () => {
    const delays: number[] = []
    const serveFile = serveBytes(bytes)
    const server = await serve((request, response) => {
      if (server.requests.length > 1) serveFile(request, response)
      else response.writeHead(429, { 'retry-after': '20' }).end()
    })
    const context = { ...project(), wait: async (delayMs: number) => void delays.push(delayMs) }

    await source(`${server.origin}/a.bin`, bytes, {}, context).fetch(signal)

    expect(delays).toEqual([20_000])
  })

  test('a server that is away is unreachable', async () => {
    const server = source('http://127.0.0.1:1/a.bin')
    await expect(await failureOf(server, project())).toMatchFileSnapshot('testdata/errors/unreachable.txt')
  })
})

test('a proxy in the environment is used, and answers for the server', async () => {
  const proxy = await serve(serveBytes(bytes))
  const context = { ...project(), environment: { ...project().environment, HTTP_PROXY: proxy.origin } }

  await source('http://localhost:1/a.bin', bytes, {}, context).fetch(signal)

  expect(proxy.requests.map(({ path }) => path)).toEqual(['http://localhost:1/a.bin'])
})

describe('redirects', () => {
  test('are followed, but the credentials stay with the declared server', async () => {
    const other = await serve(serveBytes(bytes))
    const first = await serve((_request, response) => {
      response.writeHead(302, { location: `${other.origin}/b.bin?signature=secret` }).end()
    })
    const context = { ...project(), environment: { ...project().environment, TOKEN: 'Bearer secret' } }

    await source(`${first.origin}/a.bin`, bytes, { authorization: 'env:TOKEN' }, context).fetch(signal)

    expect(first.requests[0]?.headers.authorization).toBe('Bearer secret')
    expect(other.requests[0]?.headers.authorization).toBeUndefined()
  })

  test('in a circle end with an error', async () => {
    const server = await serve((request, response) =>
      response.writeHead(302, { location: request.url }).end(),
    )
    await expect(await failureOf(source(`${server.origin}/a.bin`), project())).toMatchFileSnapshot(
      'testdata/errors/redirects.txt',
    )
  })

  test('to plain http elsewhere are refused', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://example.com/a.bin' }).end(),
    )
    await expect(await failureOf(source(`${server.origin}/a.bin`), project())).toMatchFileSnapshot(
      'testdata/errors/not-https.txt',
    )
  })
})

test.each([
  ['http://example.com/a.bin'],
  ['https://user:password@example.com/a.bin'],
  ['ftp://example.com/a.bin'],
  ['example.com/a.bin'],
])('the address %s is refused by the schema', (url) => {
  expect(https.options.safeParse({ url, sha256: sha256Of(bytes) }).success).toBe(false)
})

test('a missing pin is a finding that says how to get it', () => {
  const result = https.options.safeParse({ url: 'https://example.com/a.bin' })
  expect(result.error?.issues[0]?.message).toContain('sha256sum')
})

describe('archives', () => {
  async function archive(kind: string): Promise<Buffer> {
    const root = join(project().folder, 'input/hello-1.0')
    await mkdir(join(root, 'bin'), { recursive: true })
    await writeFile(join(root, 'bin/hello'), 'program')
    await chmod(join(root, 'bin/hello'), 0o755)
    await writeFile(join(root, 'README'), 'text')
    await rm(join(root, 'hi'), { force: true })
    await symlink('bin/hello', join(root, 'hi'))
    return execFileSync('tar', ['-c', ...kind.split(' '), '-C', join(root, '..'), 'hello-1.0'])
  }

  test.each(['-z', '-J', '--zstd', '--format=pax'])(
    'made by tar %s are unpacked into a tree',
    async (kind) => {
      const data = await archive(kind)
      const server = await serve(serveBytes(data))

      const fetched = await source(`${server.origin}/x`, data, { extract: true, strip: 1 }).fetch(signal)

      expect(listOf(fetched)).toEqual(['README 644', 'bin/hello 755', 'hi 777 → bin/hello'])
      expect(await textOf(fetched, 'bin/hello', project())).toBe('program')
    },
  )

  test('give the same digest however they are compressed', async () => {
    const digests = new Set<string>()
    for (const kind of ['-z', '-J']) {
      const data = await archive(kind)
      const server = await serve(serveBytes(data))
      digests.add((await source(`${server.origin}/x`, data, { extract: true }).fetch(signal)).digest)
    }
    expect(digests.size).toBe(1)
  })

  async function failureOfArchive(data: Buffer, more: object = {}): Promise<string> {
    const server = await serve(serveBytes(data))
    const text = await failureOf(
      source(`${server.origin}/x.tar`, data, { extract: true, ...more }),
      project(),
    )
    // A later run finds nothing that looks like a success.
    expect(
      await failureOf(source(`${server.origin}/x.tar`, data, { extract: true, ...more }), project()),
    ).toBe(text)
    return text
  }

  const tar = (...args: string[]): Buffer => execFileSync('tar', ['-c', '-C', project().folder, ...args])

  test('that lead out of their folder are refused', async () => {
    await writeFile(join(project().folder, 'evil'), 'x')
    const data = tar('--absolute-names', '--transform=s,^evil,../../evil,', 'evil')
    await expect(await failureOfArchive(data)).toMatchFileSnapshot('testdata/errors/tar-traversal.txt')
  })

  test('with a link out of their folder are refused', async () => {
    await symlink('../../etc/passwd', join(project().folder, 'link'))
    await expect(await failureOfArchive(tar('link'))).toMatchFileSnapshot('testdata/errors/tar-link.txt')
  })

  test('with a link that leads out only after its folder is cut off are refused', async () => {
    await mkdir(join(project().folder, 'top/sub'), { recursive: true })
    await symlink('../../README', join(project().folder, 'top/sub/link'))
    await writeFile(join(project().folder, 'README'), '')
    const text = await failureOfArchive(tar('README', 'top'), { strip: 1 })
    await expect(text).toMatchFileSnapshot('testdata/errors/tar-link-stripped.txt')
  })

  test('with a pipe are refused', async () => {
    execFileSync('mkfifo', [join(project().folder, 'pipe')])
    await expect(await failureOfArchive(tar('pipe'))).toMatchFileSnapshot('testdata/errors/tar-pipe.txt')
  })

  test('that are cut off are refused', async () => {
    await writeFile(join(project().folder, 'file'), bytes)
    const data = gzipSync(tar('file')).subarray(0, 100_000)
    await expect(await failureOfArchive(data)).toMatchFileSnapshot('testdata/errors/tar-cut.txt')
  })

  test('that claim to be huge are refused before anything is written', async () => {
    const folder = project().folder
    execFileSync('truncate', ['--size=17G', join(folder, 'huge')])
    const data = execFileSync('sh', ['-c', `tar -c -C '${folder}' huge | head --bytes=1M`])
    await expect(await failureOfArchive(data)).toMatchFileSnapshot('testdata/errors/archive-huge.txt')
    expect(await blobs()).toEqual([])
  })

  test('that are bombs are refused', async () => {
    const folder = project().folder
    execFileSync('truncate', ['--size=100M', join(folder, 'zeros')])
    const data = execFileSync('sh', ['-c', `tar -c -C '${folder}' zeros | zstd --quiet --ultra -22`])
    const text = (await failureOfArchive(data)).replace(/after \d+ bytes/, 'after N bytes')
    await expect(text).toMatchFileSnapshot('testdata/errors/archive-bomb.txt')
  })

  test('that are none are refused', async () => {
    await expect(await failureOfArchive(Buffer.alloc(2048, 'not an archive '))).toMatchFileSnapshot(
      'testdata/errors/not-tar.txt',
    )
  })

  test('of zip are refused with what to do', async () => {
    await expect(await failureOfArchive(Buffer.from('PK\x03\x04 and so on'))).toMatchFileSnapshot(
      'testdata/errors/zip.txt',
    )
  })

  test('of which nothing is left are refused', async () => {
    await writeFile(join(project().folder, 'file'), 'x')
    await expect(await failureOfArchive(tar('file'), { strip: 3 })).toMatchFileSnapshot(
      'testdata/errors/archive-empty.txt',
    )
  })
})
