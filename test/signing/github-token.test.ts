import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failureText } from '../../src/errors.ts'
import { identityToken } from '../../src/signing/sigstore/identity-token.ts'
import { oidcToken } from './sigstore-services.ts'

let server: Server
let port: number
let answer: (response: ServerResponse) => void
let asked: { path: string | undefined; authorization: string | undefined }[]
beforeEach(async () => {
  asked = []
  server = createServer(({ url, headers }, response) => {
    asked.push({ path: url, authorization: headers.authorization })
    answer(response)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterEach(() => new Promise((resolve) => void server.close(resolve)))

const masked: string[] = []
const fetchToken = () =>
  identityToken(undefined, {
    root: '/',
    environment: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner secret',
    },
    now: new Date(),
    maskSecret: (secret) => void masked.push(String(secret)),
  })

test('GitHub is asked for a token for sigstore; both tokens are masked', async () => {
  const value = oidcToken()
  answer = (response) => response.end(JSON.stringify({ value }))

  expect(await fetchToken()).toBe(value)
  expect(asked).toEqual([
    { path: '/token?api-version=2.0&audience=sigstore', authorization: 'Bearer runner secret' },
  ])
  expect(masked).toEqual(['runner secret', value])
})

test.each<[string, (response: ServerResponse) => void]>([
  ['forbidden', (response) => response.writeHead(403).end()],
  ['down', (response) => response.writeHead(503).end()],
  ['no-json', (response) => response.end('<html>')],
  ['no-value', (response) => response.end('{"value":""}')],
  ['dropped', (response) => response.destroy()],
])('an answer without a token is an error: %s', async (name, given) => {
  answer = given

  await expectFailure(name)
})

test('the secret of the runner does not follow a redirect', async () => {
  answer = (response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/elsewhere` }).end()

  await expectFailure('redirect')
  expect(asked).toHaveLength(1)
})

async function expectFailure(name: string): Promise<void> {
  const error: unknown = await fetchToken().then(
    () => new Error('no failure'),
    (thrown: unknown) => thrown,
  )
  const text = failureText(error).replaceAll(`:${port}`, ':PORT')
  await expect(`${text}\n`).toMatchFileSnapshot(`testdata/errors/github-token-${name}.txt`)
}
