import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Credential, CredentialSource } from '../credentials/credential.ts'
import type { Challenge } from './challenge.ts'
import { type HttpRequest, isLoopback, type Send } from './http.ts'
import { statusError } from './registry-errors.ts'

export interface AuthorizationOptions {
  readonly host: string
  /** Whoever allows HTTP without TLS for a host allows it for a token service of that host, too. */
  readonly plainHttp?: boolean | undefined
  readonly credentials: CredentialSource
  /** Called with each secret before it is used, so that nothing can print it. */
  readonly maskSecret: (secret: string) => void
  /** The token service is asked over it, with its own retries. */
  readonly send: Send
  readonly now?: () => number
}

/** A scope of the token specification, `repository:NAME:pull,push`. */
export const scopeOf = (repository: string, isWriting: boolean): string =>
  `repository:${repository}:${isWriting ? 'pull,push' : 'pull'}`

const tokenAnswer = z.looseObject({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
})

interface Token {
  readonly header: string
  readonly until: number
}

interface AskedToken {
  readonly asked: Promise<Token>
  /** Known when the token service has answered. */
  header?: string
}

/** Headers for requests to one registry; tokens are kept as long as they are valid. */
export class Authorization {
  readonly #options: AuthorizationOptions
  readonly #tokens = new Map<string, AskedToken>()
  /** What the registry said it missed, for scopes that were refused. */
  readonly #missing = new Map<string, string>()
  #challenge: Challenge | undefined

  constructor(options: AuthorizationOptions) {
    this.#options = options
  }

  /** Undefined before the registry has said what it wants. */
  async header(scopes: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined> {
    const challenge = this.#challenge
    if (challenge === undefined) return undefined
    if (challenge.scheme === 'basic') return this.#basic(scopes)
    return (await this.#token(challenge, scopes, signal)).header
  }

  /** Whether it is worth another try after a 401 to a request with this header. */
  refused(challenge: Challenge | undefined, scopes: readonly string[], used: string | undefined): boolean {
    if (challenge === undefined) return false
    this.#challenge = challenge
    if (challenge.scheme === 'basic') return used === undefined
    const key = keyOf(scopes)
    if (challenge.scope !== undefined) this.#missing.set(key, challenge.scope)
    // It may have expired early, or lack a scope that the registry names now. Another request may have a new one already.
    if (used !== undefined && this.#tokens.get(key)?.header === used) this.#tokens.delete(key)
    return true
  }

  async #basic(scopes: readonly string[]): Promise<string | undefined> {
    const credential = await this.#credential(scopes)
    if (credential?.kind !== 'password') return undefined
    const header = `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`
    this.#options.maskSecret(header.slice('Basic '.length))
    return header
  }

  async #credential(scopes: readonly string[]): Promise<Credential | undefined> {
    const [, repository = ''] = /^repository:(.*):[^:]*$/.exec(scopes[0] ?? '') ?? []
    const credential = await this.#options.credentials(this.#options.host, repository)
    if (credential !== undefined)
      this.#options.maskSecret(credential.kind === 'password' ? credential.password : credential.token)
    return credential
  }

  async #token(
    challenge: Challenge & { readonly scheme: 'bearer' },
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const { now = Date.now } = this.#options
    const key = keyOf(scopes)
    const known = this.#tokens.get(key)
    if (known !== undefined) {
      const token = await known.asked.catch(passUserError)
      if (token !== undefined && token.until > now()) return token
      this.#forget(key, known)
      return this.#token(challenge, scopes, signal)
    }
    const entry: AskedToken = { asked: this.#ask(challenge, scopes, signal) }
    this.#tokens.set(key, entry)
    try {
      const token = await entry.asked
      entry.header = token.header
      return token
    } catch (error) {
      this.#forget(key, entry)
      throw error
    }
  }

  #forget(key: string, entry: AskedToken): void {
    if (this.#tokens.get(key) === entry) this.#tokens.delete(key)
  }

  /** Distribution's token specification: GET with Basic, or POST (OAuth 2) with a refresh token. */
  async #ask(
    challenge: Challenge & { readonly scheme: 'bearer' },
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const { host, now = Date.now, maskSecret } = this.#options
    const realm = this.#realm(challenge.realm)
    const credential = await this.#credential(scopes)
    if (credential?.kind === 'bearer')
      return { header: `Bearer ${credential.token}`, until: Number.POSITIVE_INFINITY }
    const purpose = { what: `logging in at ${realm.origin}`, host, signal }
    const wanted = { service: challenge.service, scopes: allScopes(this.#missing.get(keyOf(scopes)), scopes) }
    let answer = await this.#options.send(tokenRequest(realm, wanted, credential, purpose))
    if (credential?.kind === 'identity' && [404, 405].includes(answer.status)) {
      answer.discard()
      const asPassword: Credential = { kind: 'password', username: '<token>', password: credential.token }
      answer = await this.#options.send(tokenRequest(realm, wanted, asPassword, purpose))
    }
    const text = await answer.text(1 << 20)
    if (answer.status !== 200)
      throw statusError(answer.status, text, answer.headers['retry-after'], { ...purpose, host: realm.host })
    const { token, expiresIn } = readToken(text, realm)
    maskSecret(token)
    // The specification's default is a minute; some seconds less, since requests take time.
    return { header: `Bearer ${token}`, until: now() + Math.max(5, (expiresIn ?? 60) - 10) * 1000 }
  }

  /** Credentials go where the registry says, but never in plain text, nor to the machine's own metadata service. */
  #realm(written: string): URL {
    const { host, plainHttp } = this.#options
    const own = new URL(`http://${host}`).hostname
    const url = URL.canParse(written) ? new URL(written) : undefined
    const isOwn = plainHttp === true && url?.hostname === own
    const isLocal = url !== undefined && isLoopback(own) && isLoopback(url.hostname)
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && (isOwn || isLocal))
    if (url !== undefined && isSafe && !/^(?:169\.254\.|\[fe80:|\[::ffff:a9fe:)/i.test(url.hostname))
      return url
    throw new UserError('OCI_TOKEN_REALM', `${host} sends us to log in at "${shown(url, written)}".`, {
      hint: 'Credentials are only sent over https, and not to an address of the local link. Tell the operator of the registry.',
    })
  }
}

/** A wrong password is not tried by each request that waits for the token: accounts get locked. */
const passUserError = (error: unknown): undefined => {
  if (error instanceof UserError) throw error
}

const keyOf = (scopes: readonly string[]): string => scopes.join(' ')

const shown = (url: URL | undefined, written: string): string =>
  url === undefined ? written.replaceAll(/\p{Cc}/gu, ' ').slice(0, 100) : `${url.origin}${url.pathname}`

/** What the registry misses comes first: some read only one. */
function allScopes(missing: string | undefined, wanted: readonly string[]): readonly string[] {
  const named = missing?.split(' ').filter((scope) => scope !== '' && !isWithin(scope, wanted)) ?? []
  return [...named, ...wanted]
}

function isWithin(scope: string, wanted: readonly string[]): boolean {
  const [, resource, actions] = /^(.*):([^:]*)$/.exec(scope) ?? []
  return wanted.some((one) => {
    const [, ownResource, ownActions = ''] = /^(.*):([^:]*)$/.exec(one) ?? []
    return (
      resource === ownResource &&
      actions?.split(',').every((action) => ownActions.split(',').includes(action))
    )
  })
}

function tokenRequest(
  realm: URL,
  { service, scopes }: { readonly service: string | undefined; readonly scopes: readonly string[] },
  credential: Credential | undefined,
  purpose: Pick<HttpRequest, 'what' | 'host' | 'signal'>,
): HttpRequest {
  if (credential?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'hawser',
      refresh_token: credential.token,
      scope: scopes.join(' '),
      ...(service !== undefined && { service }),
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return { ...purpose, method: 'POST', url: realm, headers, body: Buffer.from(form.toString()) }
  }
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  const basic =
    credential?.kind === 'password'
      ? {
          authorization: `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`,
        }
      : undefined
  return { ...purpose, method: 'GET', url, headers: { ...basic } }
}

function readToken(
  text: string,
  realm: URL,
): { readonly token: string; readonly expiresIn: number | undefined } {
  try {
    const parsed = tokenAnswer.parse(JSON.parse(text))
    const token = parsed.token ?? parsed.access_token
    if (token !== undefined && token !== '') return { token, expiresIn: parsed.expires_in }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error
  }
  throw new UserError('OCI_TOKEN', `${realm.origin} answered without a token.`, {
    hint: 'It is no token service, or it is out of order. Tell the operator of the registry.',
  })
}
