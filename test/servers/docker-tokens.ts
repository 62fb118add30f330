import { createSign } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { mustRun } from '../clients/command.ts'

/** A token service after distribution's specification, whose tokens docker-registry checks by its certificate. */
export interface TokenService {
  readonly realm: string
  readonly service: string
  readonly issuer: string
  /** The file with the certificate that tokens are signed for. */
  readonly certificate: string
  /** The scopes of each request, in order. */
  readonly asked: readonly (readonly string[])[]
  close(): Promise<void>
}

const service = 'registry.test'
const issuer = 'tokens.test'

export async function startTokenService(
  folder: string,
  login: { readonly username: string; readonly password: string },
): Promise<TokenService> {
  const [key, certificate] = [join(folder, 'token.key'), join(folder, 'token.pem')]
  const subject = ['-subj', '/CN=tokens.test', '-days', '2']
  await mustRun('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate],
    ...subject,
  ])
  const chain = certificateChain(await readFile(certificate, 'utf8'))
  const privateKey = await readFile(key, 'utf8')
  const asked: string[][] = []
  const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  const server = createServer((request, response) => {
    const scopes = new URL(request.url ?? '/', 'http://localhost').searchParams.getAll('scope')
    asked.push(scopes)
    if (request.headers.authorization !== basic) {
      response.writeHead(401, { 'content-type': 'application/json' })
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}')
      return
    }
    const token = signToken(privateKey, chain, scopes)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ token, expires_in: 60 }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  return {
    realm: `http://127.0.0.1:${address.port}/token`,
    service,
    issuer,
    certificate,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const certificateChain = (pem: string): readonly string[] => [pem.replaceAll(/-----[A-Z ]+-----|\s/g, '')]

function signToken(privateKey: string, chain: readonly string[], scopes: readonly string[]): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const access = scopes.flatMap((scope) => {
    const [, type, name, actions] = /^([a-z]+):(.+):([a-z,]+)$/.exec(scope) ?? []
    return actions === undefined ? [] : [{ type, name, actions: actions.split(',') }]
  })
  const claims = {
    iss: issuer,
    sub: 'user',
    aud: service,
    exp: now + 60,
    nbf: now - 60,
    iat: now,
    jti: '1',
    access,
  }
  const signed = `${encode({ typ: 'JWT', alg: 'RS256', x5c: chain })}.${encode(claims)}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
}
