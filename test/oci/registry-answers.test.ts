import type { IncomingMessage } from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { digestOf } from '../../src/lib/digest.ts'
import { canonicalManifest } from '../../src/oci/manifest-bytes.ts'
import { mediaTypes } from '../../src/oci/media-types.ts'
import type { OciStore } from '../../src/oci/oci-store.ts'
import { blobOf, bytesOf } from '../contract/oci-store.ts'
import {
  type ScriptedReply,
  type ScriptedServer,
  selfSignedCertificate,
  startScriptedServer,
} from '../servers/scripted-http.ts'
import { openRepository } from './open-repository.ts'

const bytes = Buffer.from('the bytes of a layer')
const digest = digestOf(bytes)
const blob = { digest, size: bytes.length }
const other = digestOf('something else')
const manifest = canonicalManifest({
  schemaVersion: 2,
  config: { mediaType: mediaTypes.config, digest, size: bytes.length },
  layers: [],
})

let server: ScriptedServer
afterEach(() => server.close())

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it worked'),
    (reason: unknown) => reason,
  )
  const text = failureText(error).replaceAll(server.host, 'REGISTRY')
  return `${text.replaceAll(digest, 'DIGEST').replaceAll(other, 'OTHER').replaceAll(manifest.digest, 'MANIFEST')}\n`
}

const json = { 'content-type': 'application/json' }
const uploadOpened: ScriptedReply = { status: 202, headers: { location: '/v2/team/app/blobs/uploads/1' } }

interface Case {
  readonly name: string
  /** What the registry answers; what is not said is 404 (a HEAD, so that something is uploaded) or 201. */
  readonly answers: { readonly [methodAndPath: string]: ScriptedReply }
  readonly call: (store: OciStore) => Promise<unknown>
}

const readBlob = (store: OciStore): Promise<unknown> => bytesOf(store.blob(blob))
const putBlob = (store: OciStore): Promise<unknown> => store.putBlob(blobOf(bytes))

const cases: readonly Case[] = [
  {
    name: 'blob-of-another-size',
    answers: { 'HEAD /blobs/': { status: 200, headers: { 'content-length': '7' } } },
    call: (store) => store.hasBlob(blob),
  },
  { name: 'blob-absent', answers: {}, call: readBlob },
  {
    name: 'blob-with-other-bytes',
    answers: { 'GET /blobs/': { status: 200, body: 'THE BYTES OF A LAYER' } },
    call: readBlob,
  },
  { name: 'blob-too-short', answers: { 'GET /blobs/': { status: 200, body: 'the bytes' } }, call: readBlob },
  {
    name: 'blob-too-long',
    answers: { 'GET /blobs/': { status: 200, body: `${bytes} and more` } },
    call: readBlob,
  },
  {
    name: 'redirects-in-a-circle',
    answers: { 'GET /blobs/': { status: 307, headers: { location: '/v2/team/app/blobs/again' } } },
    call: readBlob,
  },
  { name: 'redirect-to-nowhere', answers: { 'GET /blobs/': { status: 307 } }, call: readBlob },
  { name: 'upload-to-nowhere', answers: { 'POST /uploads/': { status: 202 } }, call: putBlob },
  {
    name: 'upload-stored-as-something-else',
    answers: {
      'POST /uploads/': uploadOpened,
      'PUT /uploads/': { status: 201, headers: { 'docker-content-digest': other } },
    },
    call: putBlob,
  },
  {
    name: 'upload-refused',
    answers: {
      'POST /uploads/': {
        status: 400,
        headers: json,
        body: JSON.stringify({
          errors: [
            { code: 'NAME_INVALID', message: 'no such project' },
            { code: 'DENIED', message: 'ask\u001b[31m your\r\nadministrator', detail: { key: 'secret' } },
            'nonsense',
            null,
          ],
        }),
      },
    },
    call: putBlob,
  },
  {
    name: 'page-of-a-proxy',
    answers: {
      'POST /uploads/': {
        status: 403,
        headers: { 'content-type': 'text/html' },
        body: `<html><head><title>403</title></head><body><h1>Blocked</h1>\n<p>${'by the proxy '.repeat(50)}</p></body></html>`,
      },
    },
    call: putBlob,
  },
  {
    name: 'manifest-with-another-digest',
    answers: {
      'GET /manifests/': { status: 200, headers: { 'content-type': manifest.mediaType }, body: '{}' },
    },
    call: (store) => store.manifest(manifest.digest),
  },
  {
    name: 'manifest-called-something-else',
    answers: {
      'GET /manifests/': {
        status: 200,
        headers: { 'content-type': manifest.mediaType, 'docker-content-digest': other },
        body: manifest.bytes,
      },
    },
    call: (store) => store.manifest('v1'),
  },
  {
    name: 'manifest-stored-as-something-else',
    answers: { 'PUT /manifests/': { status: 201, headers: { 'docker-content-digest': other } } },
    call: (store) => store.putManifest(manifest, 'v1'),
  },
  {
    name: 'manifest-of-two-types',
    answers: {
      'GET /manifests/': { status: 200, headers: { 'content-type': mediaTypes.index }, body: manifest.bytes },
    },
    call: (store) => store.manifest('v1'),
  },
  {
    name: 'manifest-too-large',
    answers: { 'GET /manifests/': { status: 200, body: Buffer.alloc(5 << 20, ' ') } },
    call: (store) => store.manifest('v1'),
  },
  {
    name: 'manifest-refused',
    answers: {
      'PUT /manifests/': {
        status: 400,
        headers: json,
        body: '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}',
      },
    },
    call: (store) => store.putManifest(manifest, 'v1'),
  },
  {
    name: 'referrers-tag-is-an-image',
    answers: {
      'GET /manifests/': {
        status: 200,
        headers: { 'content-type': manifest.mediaType },
        body: manifest.bytes,
      },
    },
    call: (store) => store.referrers(digest),
  },
]

const script =
  (answers: Case['answers']) =>
  ({ method = '', url = '' }: IncomingMessage): ScriptedReply => {
    const found = Object.entries(answers).find(([key]) => {
      const [wanted, part = ''] = key.split(' ')
      return wanted === method && url.includes(part)
    })
    return found?.[1] ?? { status: method === 'HEAD' || method === 'GET' ? 404 : 201 }
  }

test.each(cases)('$name', async ({ name, answers, call }) => {
  server = await startScriptedServer(script(answers))

  const failure = await failureOf(call(openRepository(server.host)))

  await expect(failure).toMatchFileSnapshot(`testdata/errors/answer-${name}.txt`)
})

test.each([
  ['token-without-token', { status: 200, body: '{"access":"none"}' }],
  ['token-that-is-a-page', { status: 200, body: '<html>Welcome</html>' }],
  ['token-redirected', { status: 302, headers: { location: 'https://login.example.org/' } }],
] as const)('%s', async (name, reply) => {
  server = await startScriptedServer(({ url = '', headers }) =>
    url.startsWith('/token')
      ? reply
      : { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` } },
  )

  const failure = await failureOf(openRepository(server.host).resolve('v1'))

  await expect(failure).toMatchFileSnapshot(`testdata/errors/answer-${name}.txt`)
})

test('a date says when to try again', async () => {
  let isBusy = true
  const date = new Date(Date.now() + 90_000).toUTCString()
  server = await startScriptedServer(() => {
    if (!isBusy) return { status: 404 }
    isBusy = false
    return { status: 429, headers: { 'retry-after': date } }
  })
  const waits: number[] = []
  const store = openRepository(server.host, { wait: async (delayMs) => void waits.push(delayMs) })

  expect(await store.resolve('v1')).toBeUndefined()

  expect(waits).toHaveLength(1)
  expect(waits[0]).toBeGreaterThan(60_000)
  expect(waits[0]).toBeLessThanOrEqual(90_000)
})

describe('with TLS', () => {
  const before = getCACertificates('default')
  afterEach(() => setDefaultCACertificates(before))
  const tls = { plainHttp: false }

  test('a certificate that nobody signed is refused, and taken when it is trusted', async () => {
    const certificate = await selfSignedCertificate()
    server = await startScriptedServer(() => ({ status: 404 }), certificate)

    const failure = await failureOf(openRepository(server.host, tls).resolve('v1'))
    setDefaultCACertificates([...before, certificate.cert])

    await expect(failure).toMatchFileSnapshot('testdata/errors/answer-tls.txt')
    expect(await openRepository(server.host, tls).resolve('v1')).toBeUndefined()
  })

  test('a server without TLS is told apart', async () => {
    server = await startScriptedServer(() => ({ status: 404 }))

    const failure = await failureOf(openRepository(server.host, tls).resolve('v1'))

    await expect(failure).toMatchFileSnapshot('testdata/errors/answer-no-tls.txt')
  })

  test.each([
    [
      'redirect',
      { 'GET /blobs/': { status: 307, headers: { location: 'http://blobs.example.org/x' } } },
      readBlob,
    ],
    [
      'upload',
      { 'POST /uploads/': { status: 202, headers: { location: 'http://up.example.org/x' } } },
      putBlob,
    ],
  ] as const)('nothing goes on without it: %s', async (name, answers, call) => {
    const certificate = await selfSignedCertificate()
    setDefaultCACertificates([...before, certificate.cert])
    server = await startScriptedServer(script(answers), certificate)

    const failure = await failureOf(call(openRepository(server.host, tls)))

    await expect(failure).toMatchFileSnapshot(`testdata/errors/answer-tls-${name}.txt`)
  })

  test('an address with http of the registry itself is one with TLS, as behind a proxy that ends it', async () => {
    const certificate = await selfSignedCertificate()
    setDefaultCACertificates([...before, certificate.cert])
    server = await startScriptedServer(({ method, headers }) => {
      if (method === 'HEAD') return { status: 404 }
      const location = `http://${headers.host}/v2/team/app/blobs/uploads/1`
      return method === 'POST' ? { status: 202, headers: { location } } : { status: 201 }
    }, certificate)

    expect(await openRepository(server.host, tls).putBlob(blobOf(bytes))).toBe('uploaded')
  })
})

test('a proxy of the environment is used, and not for hosts that it is not for', async () => {
  server = await startScriptedServer(() => ({ status: 404 }))
  const proxy = await startScriptedServer(() => ({
    status: 200,
    headers: {
      'docker-content-digest': manifest.digest,
      'content-type': manifest.mediaType,
      'content-length': String(manifest.bytes.length),
    },
  }))
  const http_proxy = `http://${proxy.host}`

  const through = await openRepository('registry.example.org', {
    plainHttp: true,
    environment: { http_proxy },
  }).resolve('v1')
  const past = await openRepository(server.host, {
    environment: { http_proxy, no_proxy: '127.0.0.1' },
  }).resolve('v1')

  expect(through?.digest).toBe(manifest.digest)
  expect(proxy.seen.map(({ url }) => url)).toEqual(['http://registry.example.org/v2/team/app/manifests/v1'])
  expect(past).toBeUndefined()
  await proxy.close()
})
