import { verify } from 'node:crypto'
import { Denial, type Permission } from './exchange.ts'

export type Permissions = { readonly [name in Permission]?: 'read' | 'write' }

/** Who asks. */
export interface Viewer {
  readonly login: string
  readonly kind: 'nobody' | 'user' | 'installation' | 'app'
  readonly permissions: Permissions
  /** Writers see drafts. */
  readonly isWriter: boolean
}

export interface TokenOwner {
  readonly login: string
  readonly permissions: Permissions
  /** Of a GitHub App's installation: after this time it is refused. */
  readonly expiresAt?: Date
  readonly isInstallation?: boolean
}

export interface AppOptions {
  readonly id: number
  readonly installation: number
  readonly slug: string
  /** PEM. */
  readonly publicKey: string
  readonly permissions: Permissions
}

export const allPermissions: Permissions = {
  actions: 'write',
  checks: 'write',
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  statuses: 'write',
}

export const nobody: Viewer = { login: '', kind: 'nobody', permissions: {}, isWriter: false }

const badCredentials = (): Denial => new Denial(401, 'Bad credentials')

/** By the header `Authorization`: `token T`, `Bearer T`, `Bearer JWT` of an app, or Basic with the token as password, as git sends it. */
export function viewerOf(
  header: string | undefined,
  {
    tokens,
    app,
    now,
  }: {
    readonly tokens: ReadonlyMap<string, TokenOwner>
    readonly app: AppOptions | undefined
    readonly now: Date
  },
): Viewer {
  if (header === undefined) return nobody
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(header) ?? []
  const token = scheme.toLowerCase() === 'basic' ? passwordOf(value) : value
  if (token.split('.').length === 3 && app !== undefined) return appOf(token, app, now)
  const owner = tokens.get(token)
  if (owner === undefined || (owner.expiresAt !== undefined && owner.expiresAt <= now)) throw badCredentials()
  return {
    login: owner.login,
    kind: owner.isInstallation === true ? 'installation' : 'user',
    permissions: owner.permissions,
    isWriter: owner.permissions.contents === 'write',
  }
}

const passwordOf = (value: string): string =>
  Buffer.from(value, 'base64')
    .toString()
    .replace(/^[^:]*:/, '')

/** RFC 7519; GitHub takes RS256 and at most ten minutes. */
function appOf(token: string, app: AppOptions, now: Date): Viewer {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${payload}`),
    app.publicKey,
    Buffer.from(signature, 'base64url'),
  )
  if (!isSigned) throw new Denial(401, 'A JSON web token could not be decoded')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    readonly iss: number | string
    readonly exp: number
    readonly iat: number
  }
  if (String(claims.iss) !== String(app.id)) throw new Denial(404, 'Integration not found')
  const seconds = now.getTime() / 1000
  if (claims.exp <= seconds)
    throw new Denial(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    )
  if (claims.exp - claims.iat > 660)
    throw new Denial(401, "'Expiration time' claim ('exp') is too far in the future")
  return { login: `${app.slug}[bot]`, kind: 'app', permissions: {}, isWriter: false }
}

/** Refuses what the token may not do, in GitHub's words. */
export function demand(
  viewer: Viewer,
  needs: `${Permission}:write` | 'read' | 'app',
  isPrivate: boolean,
): void {
  if (needs === 'app') {
    if (viewer.kind !== 'app') throw new Denial(401, 'A JSON web token could not be decoded')
    return
  }
  if (viewer.kind === 'nobody') {
    if (isPrivate) throw new Denial(404, 'Not Found')
    if (needs !== 'read') throw new Denial(401, 'Requires authentication')
    return
  }
  if (needs === 'read') return
  const permission = needs.slice(0, -':write'.length) as Permission
  // Pull requests are issues, too: either permission is enough for their labels.
  const isEnough =
    viewer.permissions[permission] === 'write' ||
    (permission === 'issues' && viewer.permissions.pull_requests === 'write')
  if (isEnough) return
  const by = viewer.kind === 'user' ? 'personal access token' : 'integration'
  throw new Denial(403, `Resource not accessible by ${by}`, {
    headers: { 'x-accepted-github-permissions': needs.replace(':', '=') },
  })
}
