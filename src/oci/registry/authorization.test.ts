import { expect, test } from 'vitest'
import { Authorization, scopeOf } from './authorization.ts'
import type { HttpAnswer, HttpRequest } from './http.ts'

const text = '{"token":"issued","expires_in":60}'

function answering(requests: HttpRequest[]): (request: HttpRequest) => Promise<HttpAnswer> {
  return async (request) => {
    requests.push(request)
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(text)
      })(),
      text: async () => text,
      discard: () => undefined,
    }
  }
}

const scopes = [scopeOf('team/app', true)]

/** Where the token is asked for; or the code of the refusal to go there. */
async function loginAt(host: string, realm: string, plainHttp?: boolean): Promise<string | undefined> {
  const requests: HttpRequest[] = []
  const authorization = new Authorization({
    host,
    plainHttp,
    credentials: async () => ({ kind: 'password', username: 'robot', password: 'secret' }),
    maskSecret: () => undefined,
    send: answering(requests),
  })
  authorization.refused({ scheme: 'bearer', realm, service: undefined, scope: undefined }, scopes, undefined)
  try {
    await authorization.header(scopes, undefined)
  } catch (error) {
    expect(requests).toEqual([])
    return (error as { readonly code: string }).code
  }
  return requests[0]?.url.origin
}

test.each([
  ['r.example.org', 'https://auth.example.com/token', undefined, 'https://auth.example.com'],
  ['r.example.org', 'http://auth.example.com/token', undefined, 'OCI_TOKEN_REALM'],
  ['r.example.org', 'http://r.example.org/token', undefined, 'OCI_TOKEN_REALM'],
  ['r.example.org', 'http://127.0.0.1/token', undefined, 'OCI_TOKEN_REALM'],
  ['r.example.org', 'https://169.254.169.254/token', undefined, 'OCI_TOKEN_REALM'],
  ['r.example.org', 'https://[fe80::1]/token', undefined, 'OCI_TOKEN_REALM'],
  ['r.example.org', 'https://[::ffff:169.254.169.254]/token', undefined, 'OCI_TOKEN_REALM'],
  ['r.example.org', 'file:///etc/passwd', undefined, 'OCI_TOKEN_REALM'],
  ['r.example.org', '', undefined, 'OCI_TOKEN_REALM'],
  ['localhost:5000', 'http://127.0.0.1:5001/token', undefined, 'http://127.0.0.1:5001'],
  ['localhost:5000', 'http://auth.example.com/token', undefined, 'OCI_TOKEN_REALM'],
  // Allowed for this host, and for no other.
  ['r.lan:5000', 'http://r.lan:5001/token', true, 'http://r.lan:5001'],
  ['r.lan:5000', 'http://auth.lan/token', true, 'OCI_TOKEN_REALM'],
  ['169.254.1.1:5000', 'http://169.254.1.1/token', true, 'OCI_TOKEN_REALM'],
] as const)('%s sends to %s; HTTP allowed: %s', async (host, realm, plainHttp, result) => {
  expect(await loginAt(host, realm, plainHttp)).toBe(result)
})

test('a token is used until shortly before it ends', async () => {
  const requests: HttpRequest[] = []
  let now = 0
  const authorization = new Authorization({
    host: 'r.example.org',
    credentials: async () => undefined,
    maskSecret: () => undefined,
    send: answering(requests),
    now: () => now,
  })
  const challenge = {
    scheme: 'bearer',
    realm: 'https://a.example.org/t',
    service: 's',
    scope: undefined,
  } as const
  authorization.refused(challenge, scopes, undefined)

  for (const at of [0, 30_000, 49_000, 51_000]) {
    now = at
    expect(await authorization.header(scopes, undefined)).toBe('Bearer issued')
  }

  expect(requests).toHaveLength(2)
  expect(requests.map(({ url }) => url.searchParams.get('service'))).toEqual(['s', 's'])
})

test('what the registry misses is asked for first, and nothing twice', async () => {
  const requests: HttpRequest[] = []
  const authorization = new Authorization({
    host: 'r.example.org',
    credentials: async () => undefined,
    maskSecret: () => undefined,
    send: answering(requests),
  })
  const missing = (scope: string) =>
    authorization.refused(
      { scheme: 'bearer', realm: 'https://a.example.org/t', service: undefined, scope },
      scopes,
      undefined,
    )

  missing('repository:team/app:pull')
  const header = await authorization.header(scopes, undefined)
  authorization.refused(
    { scheme: 'bearer', realm: 'https://a.example.org/t', service: undefined, scope: 'registry:catalog:*' },
    scopes,
    header,
  )
  await authorization.header(scopes, undefined)

  expect(requests.map(({ url }) => url.searchParams.getAll('scope'))).toEqual([
    ['repository:team/app:pull,push'],
    ['registry:catalog:*', 'repository:team/app:pull,push'],
  ])
})
