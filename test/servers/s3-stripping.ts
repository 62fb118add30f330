import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'

/** A proxy that takes headers away, as from a service that never heard of them: what is left is signed anew. */
export interface StrippingProxy {
  readonly endpoint: string
  close(): Promise<void>
}

export const conditionHeaders: readonly string[] = ['if-match', 'if-none-match']
export const encryptionHeaders: readonly string[] = [
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
]

/** Signs with the credentials of the environment. */
export async function startStrippingProxy(
  target: string,
  stripped: readonly string[],
): Promise<StrippingProxy> {
  const { hostname, port } = new URL(target)
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/' } = incoming
    const headers = signedAnew(method, url, incoming.headers, stripped)
    const onward = request({ hostname, port, method, path: url, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(outgoing)
    })
    onward.once('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** AWS Signature Version 4, as far as S3 needs it: the digest of the body is in a header already. */
function signedAnew(
  method: string,
  url: string,
  given: IncomingHttpHeaders,
  stripped: readonly string[],
): IncomingHttpHeaders {
  const kept = Object.entries(given).filter(([name]) => !stripped.includes(name))
  const headers: IncomingHttpHeaders = Object.fromEntries(kept)
  const [, scope, names] =
    /Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+)/.exec(given.authorization ?? '') ?? []
  if (kept.length === Object.keys(given).length || scope === undefined || names === undefined) return headers
  const signed = names.split(';').filter((name) => !stripped.includes(name))
  const [path = '', query = ''] = url.split('?')
  const canonicalQuery = query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => (part.includes('=') ? part : `${part}=`))
    .toSorted()
    .join('&')
  const canonical = [
    method,
    path,
    canonicalQuery,
    ...signed.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    signed.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n')
  const text = `AWS4-HMAC-SHA256\n${headers['x-amz-date']}\n${scope}\n${sha256(canonical)}`
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = process.env
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`)
  const signature = hmac(key, text).toString('hex')
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${signed.join(';')}, Signature=${signature}`
  return headers
}
