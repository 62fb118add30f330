import { type KeyObject, verify } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http2'
import { z } from 'zod'

/** RFC 7519, 4.1; times are in seconds. */
const claimsSchema = z.object({ aud: z.string(), exp: z.number(), nbf: z.number() })

/**
 * Whether the server signed this request: scheme v1 is a JWT (RFC 7519) by its Ed25519 key, for one path and a minute.
 * The SDK could check it too, but in WebAssembly, which takes a tenth of what a whole step costs.
 */
export function isSigned(
  { url, headers }: { readonly url: string; readonly headers: IncomingHttpHeaders },
  publicKey: KeyObject,
  now: Date,
): boolean {
  const { 'x-restate-signature-scheme': scheme, 'x-restate-jwt-v1': token } = headers
  if (scheme !== 'v1' || typeof token !== 'string') return false
  const [header, payload, signature, ...rest] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return false
  // The algorithm is the key's; what the token says about it is never asked (RFC 8725, 3.1).
  const signed = Buffer.from(`${header}.${payload}`)
  if (!verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))) return false
  // Only the server writes what is signed.
  const { aud, exp, nbf } = claimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()))
  const seconds = now.getTime() / 1000
  return aud === pathInDeployment(url) && nbf <= seconds && seconds < exp
}

/** The first part of the path is the version of the code; the server signs what comes behind. */
function pathInDeployment(url: string): string {
  const { pathname } = new URL(url, 'http://127.0.0.1')
  const behind = pathname.indexOf('/', 1)
  return behind === -1 ? pathname : pathname.slice(behind)
}
