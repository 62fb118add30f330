import { TransientError, UserError } from '../../errors.ts'
import type { Environment } from '../../lib/child.ts'
import { resolveSecret } from '../../lib/secret.ts'
import type { SigningContext } from '../signing-context.ts'
import { isSafeAddress } from './safe-address.ts'

/** The audience that Fulcio asks for. */
const audience = 'sigstore'
const urlVariable = 'ACTIONS_ID_TOKEN_REQUEST_URL'
const tokenVariable = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'
const timeoutMs = 30_000

/** Fetches a fresh OIDC token: from where hawser.yaml says, else from GitHub Actions. It lives for minutes only. */
export async function identityToken(reference: string | undefined, context: SigningContext): Promise<string> {
  const token =
    reference === undefined ? await githubToken(context) : (await resolveSecret(reference, context)).line
  context.maskSecret(token)
  checkToken(token, context.now)
  return token
}

/** Where tokens come from, for people. */
export function tokenSource(reference: string | undefined, environment: Environment): string {
  if (reference !== undefined) return reference
  return environment[urlVariable] === undefined ? 'no identity' : 'GitHub Actions'
}

/** https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect */
async function githubToken({ environment, maskSecret, signal }: SigningContext): Promise<string> {
  const [address, bearer] = [environment[urlVariable], environment[tokenVariable]]
  if (address === undefined || bearer === undefined) {
    throw new UserError('IDENTITY_TOKEN_MISSING', 'There is no identity to sign with.', {
      hint: 'In GitHub Actions, give the job "permissions: id-token: write". Elsewhere, name a token with "identityToken: env:NAME" (or file:, cmd:).',
    })
  }
  maskSecret(bearer)
  const url = addressOf(address)
  url.searchParams.append('audience', audience)
  const timeout = AbortSignal.timeout(timeoutMs)
  const response = await fetch(url, {
    headers: { accept: 'application/json', authorization: `Bearer ${bearer}` },
    // The token goes nowhere else.
    redirect: 'error',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  }).catch((cause: unknown) => {
    signal?.throwIfAborted()
    throw new TransientError('IDENTITY_TOKEN_FETCH', `${url.host} did not give an identity token.`, { cause })
  })
  if (!response.ok) throw refused(url.host, response.status)
  return tokenOf(await response.text(), url.host)
}

function addressOf(text: string): URL {
  if (isSafeAddress(text)) return new URL(text)
  throw new UserError('IDENTITY_TOKEN_URL', `The variable ${urlVariable} holds no https address.`, {
    hint: 'GitHub Actions sets it; nothing else should.',
  })
}

function refused(host: string, status: number): UserError | TransientError {
  const message = `${host} refused to give an identity token: it answered ${status}.`
  if (status >= 500 || status === 429 || status === 408) {
    return new TransientError('IDENTITY_TOKEN_FETCH', message)
  }
  return new UserError('IDENTITY_TOKEN_REFUSED', message, {
    hint: 'Check that the job has "permissions: id-token: write", and that it is not of a fork.',
  })
}

function tokenOf(body: string, host: string): string {
  const value = objectOf(body)?.['value']
  if (typeof value === 'string' && value !== '') return value
  throw new TransientError('IDENTITY_TOKEN_FETCH', `${host} answered without an identity token.`)
}

/** Says what Fulcio would refuse, and never repeats the token: sigstore's own error would. */
function checkToken(token: string, now: Date): void {
  const body = token.split('.').length === 3 ? token.split('.')[1] : undefined
  const claims = body === undefined ? undefined : objectOf(Buffer.from(body, 'base64url').toString())
  if (claims === undefined) throw bad('it is no JSON Web Token')
  const { sub, email, email_verified: isVerified, exp, aud } = claims
  if (typeof sub !== 'string' && typeof email !== 'string') throw bad('it names nobody ("sub" is missing)')
  if (typeof email === 'string' && isVerified !== true) throw bad('its mail address is not verified')
  if (typeof exp === 'number' && exp * 1000 < now.getTime()) {
    throw bad(`it expired at ${new Date(exp * 1000).toISOString()}`)
  }
  if (aud !== undefined && ![aud].flat().includes(audience)) throw bad(`it is not for "${audience}"`)
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined
  } catch {
    // The parser's message would quote the token.
    return undefined
  }
}

function bad(why: string): UserError {
  return new UserError('IDENTITY_TOKEN', `The identity token cannot be used: ${why}.`, {
    hint: `Ask the identity provider for a fresh OIDC token with the audience "${audience}".`,
  })
}
