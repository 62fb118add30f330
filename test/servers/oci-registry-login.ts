import { randomUUID } from 'node:crypto'
import { errorReply, type Reply, type SeenRequest } from './oci-registry-reply.ts'

/** Whom a registry lets in, and how. */
export interface RegistryLogin {
  readonly username: string
  readonly password: string
  /** Tokens from `/token` when not given. */
  readonly scheme?: 'basic' | 'bearer'
  /** An identity token, traded at `/token` with POST; GET takes it as a password of the user `<token>` in any case. */
  readonly identityToken?: string
  /** How POST at `/token` is refused by a service that does not know it. */
  readonly postStatus?: 404 | 405
  /** After so many requests a token is refused, whatever was promised. */
  readonly tokenUsesMax?: number
  /** What a token may do at most. */
  readonly actions?: readonly ('pull' | 'push')[]
}

interface IssuedToken {
  readonly allowed: readonly string[]
  uses: number
}

/** The part of a registry that lets people in. */
export class LoginDesk {
  readonly #tokens = new Map<string, IssuedToken>()

  /** Undefined: it may. */
  refuse({ method, path, headers }: SeenRequest, login: RegistryLogin | undefined): Reply | undefined {
    if (login === undefined) return undefined
    const [, name = ''] = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(path) ?? []
    const action = method === 'GET' || method === 'HEAD' ? 'pull' : 'push'
    if (login.scheme === 'basic') {
      if (headers.authorization === basicOf(login)) return undefined
      return unauthorized('Basic realm="stand-in"')
    }
    const token = this.#tokens.get(/^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1] ?? '')
    if (token?.allowed.includes(`${name}:${action}`) && token.uses < (login.tokenUsesMax ?? token.uses + 1)) {
      token.uses++
      return undefined
    }
    const scope = `repository:${name}:${action === 'push' ? 'pull,push' : 'pull'}`
    return unauthorized(`Bearer realm="http://${headers.host}/token",service="stand-in",scope="${scope}"`)
  }

  token({ method, query, headers }: SeenRequest, body: Buffer, login: RegistryLogin | undefined): Reply {
    if (login === undefined) return errorReply(404, 'NOT_FOUND', 'no such address')
    const asIdentity = basicOf({ username: '<token>', password: login.identityToken ?? '' })
    const isIdentity = login.identityToken !== undefined && headers.authorization === asIdentity
    if (method === 'POST') return this.#trade(new URLSearchParams(body.toString()), login)
    if (headers.authorization !== basicOf(login) && !isIdentity)
      return errorReply(401, 'UNAUTHORIZED', 'wrong user or password')
    return this.#issue(query.getAll('scope'), login)
  }

  #trade(form: URLSearchParams, login: RegistryLogin): Reply {
    if (login.postStatus !== undefined) return errorReply(login.postStatus, 'UNSUPPORTED', 'no POST here')
    if (form.get('grant_type') !== 'refresh_token' || form.get('refresh_token') !== login.identityToken)
      return errorReply(401, 'UNAUTHORIZED', 'wrong token')
    return this.#issue((form.get('scope') ?? '').split(' '), login)
  }

  #issue(scopes: readonly string[], { actions: most = ['pull', 'push'] }: RegistryLogin): Reply {
    const token = randomUUID()
    const allowed = scopes.flatMap((scope) => {
      const [, name = '', actions = ''] = /^repository:(.+):([^:]*)$/.exec(scope) ?? []
      const granted = actions.split(',').filter((action) => most.some((one) => one === action))
      return granted.map((action) => `${name}:${action}`)
    })
    this.#tokens.set(token, { allowed, uses: 0 })
    return { status: 200, body: Buffer.from(JSON.stringify({ token, expires_in: 300 })) }
  }
}

const basicOf = ({ username, password }: Pick<RegistryLogin, 'username' | 'password'>): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

const unauthorized = (challenge: string): Reply => ({
  ...errorReply(401, 'UNAUTHORIZED', 'authentication required'),
  headers: { 'www-authenticate': challenge },
})
